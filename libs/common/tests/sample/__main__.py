"""`python -m sample serve|api|worker`."""

from sample.app import create_app
from tocsin_common.service import main
from tocsin_common.settings import Settings
from tocsin_contracts.streams import CASES

if __name__ == "__main__":
    main(CASES, create_app, Settings)

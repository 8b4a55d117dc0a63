"""`python -m tocsin_cases serve|api|worker|migrate|retell`."""

from tocsin_cases.app import create_app
from tocsin_cases.settings import Settings
from tocsin_common.service import main
from tocsin_contracts.streams import CASES

if __name__ == "__main__":
    main(CASES, create_app, Settings)

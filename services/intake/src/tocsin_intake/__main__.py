"""`python -m tocsin_intake serve|api|worker|migrate|retell`."""

from tocsin_common.service import main
from tocsin_contracts.streams import INTAKE
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

if __name__ == "__main__":
    main(INTAKE, create_app, Settings)

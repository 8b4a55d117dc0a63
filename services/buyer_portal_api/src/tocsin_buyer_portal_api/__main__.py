"""`python -m tocsin_buyer_portal_api serve|api|worker|migrate|retell`."""

from tocsin_buyer_portal_api.app import create_app
from tocsin_buyer_portal_api.settings import Settings
from tocsin_common.service import main
from tocsin_contracts.streams import BUYER_PORTAL_API

if __name__ == "__main__":
    main(BUYER_PORTAL_API, create_app, Settings)

"""`python -m tocsin_notifications serve|api|worker|migrate|retell`."""

from tocsin_common.service import main
from tocsin_contracts.streams import NOTIFICATIONS
from tocsin_notifications.app import create_app
from tocsin_notifications.settings import Settings

if __name__ == "__main__":
    main(NOTIFICATIONS, create_app, Settings)

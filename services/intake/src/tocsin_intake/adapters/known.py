"""Which adapter translates for which integration: for trying a payload, and for replaying one."""

from tocsin_intake.adapters import generic, kobo, rapidpro, telegram, twilio, whatsapp_cloud
from tocsin_intake.adapters.payloads import Translator

TRANSLATORS: dict[str, Translator] = {
    module.NAME: module.translate
    for module in (generic, kobo, rapidpro, telegram, twilio, whatsapp_cloud)
}
ROUTERS = [module.router for module in (generic, kobo, rapidpro, telegram, twilio, whatsapp_cloud)]

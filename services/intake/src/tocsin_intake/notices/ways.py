"""Which module tells workers by which way."""

from tocsin_intake.notices import rapidpro, telegram, twilio, webhook, whatsapp_cloud
from tocsin_intake.notices.notice import Way

WAYS: dict[str, Way] = {
    "rapidpro": rapidpro,
    "telegram": telegram,
    "twilio": twilio,
    "webhook": webhook,
    "whatsapp_cloud": whatsapp_cloud,
}

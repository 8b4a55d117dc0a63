"""Payloads as the systems' documentation shows them, with invented contents: rarely seen kinds."""

from typing import Any

from systems import a_chat, a_message, a_run, a_submission, an_sms, an_update

Json = Any


def _whatsapp(**changes: Json) -> Json:
    return an_update(a_message(**{"text": None} | changes))


def _telegram(**said: Json) -> Json:
    message = {key: one for key, one in a_chat()["message"].items() if key != "text"}
    return {"update_id": 900000077, "message": message | said}


def _reply(text: str) -> Json:
    attachments = [{"content_type": "geo", "url": "-2.90875,-79.0117686"}]
    return {"text": text, "type": "msg", "uuid": "i", "attachments": attachments}


FLOW = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": '{"words":"Locked."}'}}
ORDER = {"catalog_id": "c", "product_items": [{"product_retailer_id": "p", "quantity": 1}]}
REACTION = {"message_id": "wamid.X", "emoji": "👍"}
GONE = [{"code": 131051, "title": "Unsupported message type"}]
SUPERGROUP = {"id": -1001, "type": "supergroup", "title": "Line 4"}
BUSINESS = {"business_connection_id": "b", "chat": {"id": 777, "type": "private"}}

DOCUMENTED: dict[str, dict[str, Json]] = {
    "whatsapp_cloud": {
        "reaction": _whatsapp(type="reaction", reaction=REACTION),
        "order": _whatsapp(type="order", order=ORDER),
        "flow": _whatsapp(type="interactive", interactive=FLOW),
        "unsupported": _whatsapp(type="unsupported", errors=GONE),
        "system": _whatsapp(
            type="system", system={"body": "changed", "type": "user_changed_number"}
        ),
        "location": _whatsapp(type="location", location={"latitude": 10.7, "longitude": 106.6}),
        "contacts": _whatsapp(type="contacts", contacts=[{"name": {"formatted_name": "Ngan"}}]),
        "errors": an_update(errors=GONE),
        "sticker": _whatsapp(type="sticker", sticker={"id": "1", "animated": False}),
    },
    "telegram": {
        "reaction": {"update_id": 9, "message_reaction": {"chat": {"id": 777}, "message_id": 5}},
        "location": _telegram(location={"latitude": 10.7, "longitude": 106.6, "live_period": 60}),
        "contact": _telegram(contact={"first_name": "Ngan", "phone_number": "84000000009"}),
        "migrated": _telegram(chat=SUPERGROUP, migrate_from_chat_id=-7),
        "supergroup": _telegram(chat=SUPERGROUP, text="Said in a group."),
        "business": {"update_id": 9, "business_message": a_chat()["message"] | BUSINESS},
        "deleted": {"update_id": 9, "deleted_business_messages": BUSINESS | {"message_ids": [5]}},
        "paid": _telegram(paid_media={"star_count": 1, "paid_media": [{"type": "preview"}]}),
        "dice": _telegram(dice={"emoji": "🎲", "value": 3}),
        "story": _telegram(story={"chat": {"id": 7}, "id": 1}),
    },
    "rapidpro": {
        "place": a_run(results={}, input=_reply("")),
        "old": {"flow": {"uuid": "f"}, "values": "[]", "contact": {"urn": "tel:+84000000004"}},
        "no results": a_run(results={}, input=None),
    },
    "kobo": {
        "repeats": a_submission(**{"report/people": [{"report/people/role": "welder"}, {}]}),
        "place": a_submission(_geolocation=[10.7, 106.6], **{"report/where": "10.7 106.6 0 0"}),
        "deleted file": a_submission(_attachments=[{"download_url": "x", "is_deleted": True}]),
        "none": a_submission(_attachments=None, _tags=[], _notes=None, _validation_status={}),
    },
    "twilio": {
        "place": an_sms(Body="", Latitude="10.7", Longitude="106.6", Label="Gate 4"),
        "button": an_sms(Body="", ButtonText="Yes", ButtonPayload="yes"),
        "status": an_sms(SmsStatus="delivered", MessageStatus="delivered"),
        "stop": an_sms(Body="STOP", OptOutType="STOP"),
        "many": an_sms(NumMedia="99", MediaUrl0="https://api.twilio.com/1", MediaContentType0=""),
    },
}

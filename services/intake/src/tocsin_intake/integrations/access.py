"""How intake speaks to a hotline's own system: where, and as whom."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr
from yarl import URL

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.systems import Telegram, Twilio, WhatsAppCloud
from tocsin_intake.outbound import Origin, Reach

NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Access:
    """What an operator told of it; none of it is shown or logged."""

    base: str = field(repr=False)
    """Before the paths of its API; empty where only files are fetched. Telegram's holds a token."""
    files: str = field(repr=False)
    """The same for paths of files."""
    reach: Reach = field(repr=False)


def access_of(hotline: Hotline) -> Access | None:
    """How to speak to this hotline's system, or `None` if nobody told enough."""
    system = hotline.system
    match hotline.adapter:
        case "whatsapp_cloud":
            return _whatsapp_cloud(system.whatsapp_cloud)
        case "twilio":
            return _twilio(system.twilio)
        case "telegram":
            return _telegram(system.telegram)
        case "rapidpro" if flow := system.rapidpro:
            return _by_token(flow.base_url, flow.api_token, flow.media_hosts)
        case "kobo" if form := system.kobo:
            return _by_token(form.server_url, form.api_token, form.media_hosts)
        case "generic" if system.generic and system.generic.media_hosts:
            return _access("", NOBODY, system.generic.media_hosts, NOBODY)
        case _:
            return None


def _whatsapp_cloud(ours: WhatsAppCloud | None) -> Access | None:
    """Files lie at another host than the API, which wants to see the same token."""
    if not ours or not ours.access_token:
        return None
    bearer = {"Authorization": f"Bearer {ours.access_token.get_secret_value()}"}
    return _access(ours.base_url, bearer, ours.media_hosts, bearer)


def _twilio(ours: Twilio | None) -> Access | None:
    """Files are redirected to another host, by an address that is signed for a few hours."""
    if not ours or not ours.account_sid:
        return None
    plain = f"{ours.account_sid}:{ours.auth_token.get_secret_value()}"
    basic = {"Authorization": f"Basic {base64.b64encode(plain.encode()).decode()}"}
    return _access(ours.base_url, basic, ours.media_hosts, NOBODY)


def _telegram(ours: Telegram | None) -> Access | None:
    """The token stands in every path."""
    if not ours or not ours.bot_token:
        return None
    token = ours.bot_token.get_secret_value()
    reach = _access(ours.base_url, NOBODY, (), NOBODY).reach
    return Access(f"{ours.base_url}/bot{token}", f"{ours.base_url}/file/bot{token}", reach)


def _by_token(base: str, token: SecretStr | None, media_hosts: Iterable[str]) -> Access | None:
    if not token and not media_hosts:
        return None
    shown = {"Authorization": f"Token {token.get_secret_value()}"} if token else NOBODY
    return _access(base, shown, media_hosts, NOBODY)


def _access(
    base: str, shown: Mapping[str, str], media_hosts: Iterable[str], shown_there: Mapping[str, str]
) -> Access:
    named = {Origin.of(URL(one)): shown_there for one in media_hosts}
    if base:
        named[Origin.of(URL(base))] = shown
    return Access(base, base, Reach(named))

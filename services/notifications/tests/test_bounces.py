"""What is read out of mail that came back."""

from contextlib import suppress

import pytest
from reports import a_report, an_absence

from tocsin_notifications.mail import bounces

TO = "bounces+x@monitor.example"


@pytest.mark.parametrize(
    ("status", "said", "for_good"),
    [
        ("5.1.1", "smtp; 550 5.1.1 unknown user", True),
        ("5.1.10", "smtp; 556 5.1.10 this domain takes no mail", True),
        ("5.2.1", "smtp; 550 5.2.1 mailbox disabled", True),
        ("5.4.4", "X-Postfix; Host or domain name not found", True),
        ("5.0.0", "smtp; 550 unknown user", True),
        ("5.0.0", "smtp; 550-5.1.1 The account does not exist 550 5.1.1 Read more", True),
        ("5.0.0", "smtp; 552 5.2.2 over quota", False),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("5.7.1", "smtp; 550 5.7.1 looks like spam", False),
        ("5.1.8", "smtp; 550 5.1.8 sender's domain not found", False),
        ("4.4.1", "X-Postfix; connect: Connection timed out", False),
        ("4.4.7", "smtp; 451 try again later", False),
        ("", "", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_only_what_says_that_nobody_is_there_is_for_good(
    status: str, said: str, *, for_good: bool
) -> None:
    report = bounces.read(a_report(TO, status=status, said=said)).report

    assert report
    assert report.given_up
    assert report.for_good is for_good


def test_a_delay_gives_nothing_up() -> None:
    report = bounces.read(a_report(TO, action="delayed", status="4.4.1")).report

    assert report
    assert not report.given_up
    assert not report.for_good


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_good_news_is_no_report_of_a_failure(action: str) -> None:
    assert bounces.read(a_report(TO, action=action, status="2.0.0")).report is None


def test_an_answer_of_somebodys_program_is_no_report_whatever_it_says() -> None:
    returned = bounces.read(an_absence(TO))

    assert returned.report is None
    assert returned.addresses == (TO,)


def test_what_a_server_said_is_kept_short_and_printable() -> None:
    said = "smtp; 550 5.1.1 \x1b[31mred\x00 " + "very long " * 1000
    report = bounces.read(a_report(TO, said=said)).report

    assert report
    assert len(report.said) <= bounces.SAID
    assert report.said.isprintable()


NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (one, one)
    for one in range(3000)
)
HOSTILE = [
    b"",
    b"\x00\xff\xfe",
    b"no header at all",
    b"To: " + b"a@b.example, " * 50_000 + b"\r\n\r\n",
    b"To: =?utf-8?q?\xff?= <\xff>\r\nContent-Type: multipart/report; boundary=\xff\r\n\r\n--\xff",
    b'Content-Type: multipart/report; boundary=""\r\n\r\n----\r\n',
    b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nAction: failed",
    NESTED,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    with suppress(bounces.Unreadable):
        assert bounces.read(raw).report is None

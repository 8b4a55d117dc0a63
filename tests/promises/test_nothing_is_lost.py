"""P1: what was answered with 201 reaches a case, and what was released reaches its buyers."""

import asyncio
from collections import Counter

import aiohttp
import pytest
import pytest_asyncio

from tests.support import world
from tests.support.clients import Officer
from tests.support.ledger import Ledger, Reports
from tests.support.load import Load
from tests.support.receiver import Receiver
from tests.support.tocsin import SERVERS, SLOT, Tocsin
from tests.support.world import World, a_complaint, a_place
from tocsin_cli.embedded import nats_server
from tocsin_cli.embedded.ports import free_port
from tocsin_common.testing import eventually
from tocsin_contracts import taxonomy
from tocsin_contracts.permissions import server_config
from tocsin_contracts.streams import CASES, INTAKE, SERVICES

LOUD = [a_place(number) for number in range(30)]
QUIET = [a_place(number, country="TH") for number in range(900, 905)]
CODES = [next(issue.code for issue in taxonomy.shipped().codes if issue.group == group.name)
         for group in taxonomy.shipped().groups]
MONITORING = free_port()


@pytest.fixture(scope="module", autouse=True)
def monitored() -> None:
    """placeholder"""

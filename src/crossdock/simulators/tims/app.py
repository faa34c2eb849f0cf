"""The simulated TIMS, as the world holds it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.tims.api import Api
from crossdock.simulators.tims.auth import Credential, Keyring
from crossdock.simulators.tims.faultnames import FAULTS
from crossdock.simulators.tims.limits import Limits
from crossdock.simulators.tims.office import Office, Site
from crossdock.simulators.tims.outbox import WebhookDelivery
from crossdock.simulators.tims.staff import Staff


class TimsSim(Staff):
    """TIMS: `api` is its door, the methods what its staff does, `orders` the truth.

    The methods and the truth are those of the live company; `test` has the other environment's.
    The same seed and the same calls give the same answers, ids included.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int = 0,
        *,
        limits: bool = True,
        faults: Iterable[Mapping[str, Any]] = (),
        site: Site | None = None,
    ) -> None:
        self.clock, self.site = clock, site or Site()
        self.faults = Faults(FAULTS, clock, seed)
        self.faults.load(faults)
        self._live = Office("live", self.site, clock, seed, self.faults)
        self._test = Office("test", self.site, clock, seed, self.faults)
        super().__init__(self._live)
        self.test = Staff(self._test)
        self.live_credential = Credential(
            "live", "tims-rehearsal", "rehearsal-secret", "tims-rehearsal-key"
        )
        self.test_credential = Credential(
            "test", "tims-rehearsal-test", "rehearsal-test-secret", "tims-rehearsal-test-key"
        )
        self.keyring = Keyring(
            [self.live_credential, self.test_credential],
            seed,
            lambda operation: self.faults.strikes("token_expired_early", operation) is not None,
        )
        self.api = Api({"live": self._live, "test": self._test}, self.keyring, self.faults, clock)
        if not limits:
            self.api.limits = None
        for staff in (self, self.test):
            staff.add_location("MAIN", "Billings warehouse")

    @property
    def limits(self) -> Limits | None:
        """The rate limits, whose figures can be changed; None when there are none."""
        return self.api.limits

    @property
    def counts(self) -> Counter[tuple[str, int]]:
        """Requests per operation and status; status 0 is a request left without an answer."""
        return self.api.counts

    @property
    def company(self) -> str:
        """The company's code; `company_header` is what X-TIMS-Company must say."""
        return self.site.company

    @property
    def company_header(self) -> str:
        """X-TIMS-Company of the live company."""
        return f"{self.site.company}/live"

    @property
    def client_id(self) -> str:
        """The live client's id."""
        return self.live_credential.client_id

    @property
    def client_secret(self) -> str:
        """The live client's secret; assign to rotate it."""
        return self.live_credential.client_secret

    @client_secret.setter
    def client_secret(self, secret: str) -> None:
        self.live_credential.client_secret = secret
        self.keyring.forget()

    @property
    def api_key(self) -> str:
        """The live client's static key."""
        return self.live_credential.api_key

    @property
    def scopes(self) -> set[str]:
        """What the live client may do; take one out to withdraw it at once."""
        return self.live_credential.scopes

    def due_webhooks(self) -> list[WebhookDelivery]:
        """Take out the deliveries that are due; tell `webhook_result` what became of each."""
        return [*self._live.outbox.due(), *self._test.outbox.due()]

    def next_webhook_at(self) -> datetime | None:
        """When the next delivery is due; None when none waits."""
        times = (self._live.outbox.next_at(), self._test.outbox.next_at())
        return min((at for at in times if at is not None), default=None)

    def webhook_result(self, delivery: WebhookDelivery, status: int) -> None:
        """What the receiver answered, 0 when it did not. Not 2xx is tried again later."""
        delivery.outbox.result(delivery, status)

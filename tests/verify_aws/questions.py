"""The questions, as data: what we assume, what follows if it is wrong, and the page that relies on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.verify_aws.ask_ecr import ask_bearer_password, ask_lifetimes, ask_logins, ask_revocations
from tests.verify_aws.ask_eks import ask_bearer_ages, ask_new_entries, ask_other_account
from tests.verify_aws.ask_installation import ask_installation
from tests.verify_aws.stage import Answers, Stage

Ask = Callable[[Stage], Answers]


@dataclass(frozen=True)
class Question:
    """`page` is in docs."""

    id: str
    question: str
    assumption: str
    consequence: str
    page: str


_HALF_LIFE = "adr/0003-renew-at-half-life.md"
_REFUSED = "adr/0001-a-token-that-its-registry-refuses.md"
_REVOKING = "security.md#revoking-a-token"
_ENTRIES = "clusters.md#401-after-a-cluster-or-role-was-recreated"
_LATE = "The default `renew_before` of 6 hours renews too late."
_NOT_VERIFIED = "A valid token is taken for a refused one: results are `failed`."
_NOT_NOTICED = "The hourly login does not notice a token that has stopped working."
_STOPS = "refused within 5 minutes"

# fmt: off
QUESTIONS: Mapping[Ask, tuple[Question, ...]] = {
    ask_installation: (
        Question("installation-checks", "How long and large are the first five checks of an installation?",
                 "a cold start below 3 s, at most 128 MB, and the Secret is there",
                 "The function needs more memory and costs more.", "costs.md"),
        Question("installation-alarms", "Which alarms does a healthy installation have after five checks?",
                 "none in the state ALARM", "Every deployment begins with false alarms.", "operations.md"),
        Question("installation-broken-role", "What happens if Scheduler may not invoke the function?",
                 "an event in the queue within 3 minutes", "`Undelivered` does not fire.", "operations.md#undelivered"),
        Question("installation-destroyed", "What does `make destroy` leave in the account?",
                 "nothing", "Users pay for what was forgotten.", "removing.md"),
    ),
    ask_revocations: (
        Question("revoked-deleted", "How long does a token work after its role was recreated?",
                 _STOPS, _NOT_NOTICED, _REVOKING),
        Question("revoked-sessions", "How long does a token work after the sessions of its role were revoked?",
                 _STOPS, "Revoking sessions does not help against a stolen token.", _REVOKING),
        Question("revoked-denied", "How long does a token work after a policy denies its role the pull?",
                 _STOPS, "Denying the role does not help against a stolen token.", _REVOKING),
    ),
    ask_new_entries: (
        Question("entry-new", "When does an access entry of a new role take effect?",
                 "within 2 minutes", "The first runs after a deployment fail longer than documented.",
                 "operations.md"),
        Question("entry-older-than-role", "Does an entry let in a role that was recreated?",
                 "no, 401", "The documented remedy is not needed, and `stale-access-entry` is wrong.", _ENTRIES),
        Question("entry-recreated", "Does recreating the entry let that role in?",
                 "yes, within 2 minutes", "The documented remedy does not help.", _ENTRIES),
    ),
    ask_bearer_ages: (
        Question("bearer-900", "How old may a bearer token be that was signed for 900 s?", "15 minutes",
                 "A warm environment gets a 401 for a token that it keeps for 10 minutes.", "architecture.md"),
        Question("bearer-60", "How old may a bearer token be that was signed for 60 s?", "15 minutes",
                 "None: the function signs for 900 s.", "architecture.md"),
    ),
    ask_other_account: (
        Question("entry-other-account", "May an access entry name a role of another account?", "yes",
                 "Targets of other accounts need another way in.", "clusters.md"),
    ),
    ask_lifetimes: (
        Question("lifetime-role", "How long is the ECR token of a role valid?", "12 hours", _LATE, _HALF_LIFE),
        Question("lifetime-short-session", "And that of a session of 900 s?", "12 hours", _LATE, _HALF_LIFE),
        Question("lifetime-chained", "And that of a role that a role assumed?", "12 hours", _LATE, _HALF_LIFE),
        Question("lifetime-public", "And that of ECR Public?", "12 hours", _LATE, _HALF_LIFE),
    ),
    ask_logins: (
        Question("login-correct", "Does a registry accept a login with its token?", "yes", _NOT_VERIFIED, _REFUSED),
        Question("login-other-region", "With a token of another region?", "no, 401 or 403",
                 "A wrong region in the settings is not found before a pull fails.", _REFUSED),
        Question("login-other-account", "With a token of another account, whose images it may pull?", "yes",
                 _NOT_VERIFIED, _REFUSED),
        Question("login-malformed", "With a truncated token?", "no, 401 or 403", _NOT_NOTICED, _REFUSED),
        Question("login-dual-stack", "Does the dual-stack host accept a token of the usual API?", "yes",
                 _NOT_VERIFIED, _REFUSED),
        Question("login-fips", "Does the FIPS host accept a token of the usual API?", "yes", _NOT_VERIFIED, _REFUSED),
        Question("login-no-pull", "Does a login succeed if the role may not pull?", "yes, and listing tags fails",
                 "`verify` shows more than we document.", _REFUSED),
    ),
    ask_bearer_password: (
        Question("bearer-password", "Is a token of `signin:CreateBearerToken` for ECR a password of the user `AWS`?",
                 "no", "Tokens valid for minutes instead of 12 hours are possible.", "security.md"),
    ),
}
# fmt: on
"""By the function that asks them; it yields each answer with its question's ID. The longest are first."""

ALL = tuple(question for group in QUESTIONS.values() for question in group)

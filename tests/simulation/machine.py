"""The state machine by which hypothesis draws a history, event by event: its rules say what may happen."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.simulation.drawn_history import DrawnHistory
from tests.simulation.draws import (
    ADDED,
    AFTER,
    DELETED,
    EXPIRY,
    HOURS,
    MARKS,
    MINUTES,
    PASSWORD,
    VALUES,
    WHERE,
    choose_way,
)
from tests.simulation.edits import FOREIGN_KINDS
from tests.simulation.installation import VARIANTS
from tests.simulation.ledger import Account


class Month(DrawnHistory):
    """The rules of a history."""

    _backed_up = False

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("API server", answering=False))
    def an_api_server_gives_no_answer(self, after: int, where: int, minutes: int, way: str) -> None:
        self.happen(after, f"API server: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("API server", answering=True))
    def an_api_server_answers_wrongly(self, after: int, where: int, minutes: int, way: str) -> None:
        self.happen(after, f"API server: {way}", where, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("EKS", answering=False))
    def eks_gives_no_answer(self, after: int, minutes: int, way: str) -> None:
        self.happen(after, f"EKS: {way}", 0, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("EKS", answering=True))
    def eks_answers_wrongly(self, after: int, minutes: int, way: str) -> None:
        self.happen(after, f"EKS: {way}", 0, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("STS", answering=False))
    def sts_gives_no_answer(self, after: int, minutes: int, way: str) -> None:
        self.happen(after, f"STS: {way}", 0, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("STS", answering=True))
    def sts_answers_wrongly(self, after: int, minutes: int, way: str) -> None:
        self.happen(after, f"STS: {way}", 0, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("ECR", answering=False))
    def ecr_gives_no_answer(self, after: int, where: int, minutes: int, way: str) -> None:
        self.happen(after, f"ECR: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("ECR", answering=True))
    def ecr_answers_wrongly(self, after: int, where: int, minutes: int, way: str) -> None:
        self.happen(after, f"ECR: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("registry", answering=False))
    def a_registry_gives_no_answer(self, after: int, where: int, minutes: int, way: str) -> None:
        self.happen(after, f"registry: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("registry", answering=True))
    def a_registry_answers_wrongly(self, after: int, where: int, minutes: int, way: str) -> None:
        self.happen(after, f"registry: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=HOURS)
    def ecr_issues_bad_tokens(self, after: int, where: int, minutes: int) -> None:
        self.happen(after, "bad tokens", where, minutes)

    @rule(after=AFTER, minutes=MINUTES)
    def sessions_end(self, after: int, minutes: int) -> None:
        self.happen(after, "sessions ended", 0, minutes)

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(PASSWORD))
    def somebody_changes_the_password(self, after: int, where: int, edit: str) -> None:
        self.happen(after, f"edit: {edit}", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(VALUES))
    def somebody_changes_a_value(self, after: int, where: int, edit: str) -> None:
        self.happen(after, f"edit: {edit}", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(MARKS))
    def somebody_changes_a_mark(self, after: int, where: int, edit: str) -> None:
        self.happen(after, f"edit: {edit}", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(EXPIRY))
    def somebody_changes_the_expiry(self, after: int, where: int, edit: str) -> None:
        self.happen(after, f"edit: {edit}", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(ADDED))
    def somebody_adds_a_key(self, after: int, where: int, edit: str) -> None:
        self.happen(after, f"edit: {edit}", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(DELETED))
    def somebody_deletes(self, after: int, where: int, edit: str) -> None:
        self.happen(after, f"edit: {edit}", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE)
    def somebody_takes_over(self, after: int, where: int) -> None:
        self.happen(after, "edit: taken over", self.choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE)
    def a_backup_is_made(self, after: int, where: int) -> None:
        self.happen(after, "edit: backed up", self.choose(where, _is_ours))
        self._backed_up = True

    @precondition(lambda self: self._backed_up)
    @rule(after=AFTER, where=WHERE)
    def a_backup_is_restored(self, after: int, where: int) -> None:
        self.happen(after, "edit: restored", self.choose(where, lambda account: bool(account.backup)))

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, kind=st.sampled_from(tuple(FOREIGN_KINDS)))
    def a_secret_becomes_foreign(self, after: int, where: int, minutes: int, kind: str) -> None:
        self.happen(after, f"foreign: {kind}", self.choose(where, _is_ours), minutes)

    @rule(after=AFTER, minutes=MINUTES, variant=st.sampled_from(VARIANTS))
    def settings_change(self, after: int, minutes: int, variant: str) -> None:
        self.happen(after, f"settings: {variant}", 0, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES)
    def a_role_is_removed(self, after: int, where: int, minutes: int) -> None:
        self.happen(after, "Role removed", where, minutes)

    @rule(after=AFTER, where=WHERE, what=st.sampled_from(("CA rotated", "endpoint moved")))
    def a_cluster_changes(self, after: int, where: int, what: str) -> None:
        self.happen(after, what, where)

    @rule(after=AFTER)
    def the_functions_role_is_made_again(self, after: int) -> None:
        self.happen(after, "function's role made again")

    @rule(after=AFTER, where=WHERE)
    def a_clock_is_off(self, after: int, where: int) -> None:
        self.happen(after, "clock off", where)

    @rule(after=AFTER, where=WHERE)
    def an_environment_starts_cold(self, after: int, where: int) -> None:
        self.happen(after, "cold start", where)

    @rule(after=AFTER, where=WHERE, turn=st.integers(0, 4))
    def a_run_is_killed(self, after: int, where: int, turn: int) -> None:
        self.happen(after, "run killed", where, turn)

    @rule(after=AFTER, where=WHERE, turn=st.integers(0, 9))
    def runs_overlap(self, after: int, where: int, turn: int) -> None:
        self.happen(after, "runs overlap", where, turn)


def _is_ours(account: Account) -> bool:
    return not account.foreign

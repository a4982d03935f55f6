"""What is remembered is found once, and takes little room whatever it is asked for."""

from mentra.protocol.remembered import LONGEST_REMEMBERED, REMEMBERED, Remembered


class Finding:
    def __init__(self) -> None:
        self.found: list[str] = []
        self.remembered = Remembered(self._find, length=len)

    def _find(self, name: str) -> str:
        self.found.append(name)
        return name.upper()


def test_the_same_name_is_looked_at_once():
    finding = Finding()

    assert [finding.remembered["a"], finding.remembered["b"], finding.remembered["a"]] == ["A", "B", "A"]
    assert finding.found == ["a", "b"]


def test_a_long_name_is_not_kept():
    finding = Finding()
    longest, longer = "a" * LONGEST_REMEMBERED, "a" * (LONGEST_REMEMBERED + 1)

    assert [finding.remembered[longest], finding.remembered[longer]] == [longest.upper(), longer.upper()]
    assert list(finding.remembered) == [longest]


def test_names_without_end_are_forgotten():
    finding = Finding()

    for number in range(3 * REMEMBERED):
        assert finding.remembered[f"a{number}"] == f"A{number}"
    assert len(finding.remembered) <= REMEMBERED

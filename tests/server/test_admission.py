"""Threads are shared out so that nobody takes them all."""

from nexuslite.server.admission import Admission, Claimant


def fill(admission: Admission[int], claimant: Claimant, count: int) -> int:
    return sum(admission.enter(claimant, number) for number in range(count))


# fault 22
def test_one_client_gets_a_third_and_one_connector_a_half_of_all_but_the_reserve() -> None:
    admission: Admission[int] = Admission(80)
    assert fill(admission, Claimant("a", "1.1.1.1"), 100) == 24
    assert fill(admission, Claimant("a", "2.2.2.2"), 100) > 0
    for number in range(50):
        fill(admission, Claimant("a", f"3.3.3.{number}"), 100)
    assert admission.running == 35


# fault 22
def test_there_is_always_room_for_another_connector() -> None:
    admission: Admission[int] = Admission(60)
    for connector in range(8):
        for client in range(20):
            fill(admission, Claimant(f"c{connector}", f"1.1.1.{client}"), 100)
    assert admission.enter(Claimant("", "9.9.9.9"), 0)


def test_a_proxy_s_clients_count_only_against_the_connector() -> None:
    assert fill(Admission[int](80), Claimant("a", None), 100) == 35


def test_a_thread_given_back_goes_to_who_waits() -> None:
    admission: Admission[int] = Admission(1)
    claimant = Claimant("a", None)
    assert admission.enter(claimant, 1)
    assert not admission.enter(claimant, 2)
    assert admission.is_crowded
    assert list(admission.leave(claimant)) == [2]
    assert list(admission.leave(claimant)) == []
    assert admission.running == 0
    assert not admission.is_crowded


def test_who_waits_is_served_in_turn() -> None:
    admission: Admission[str] = Admission(4)
    greedy, modest = Claimant("a", "1"), Claimant("a", "2")
    admission.enter(greedy, "running")
    for number in range(5):
        admission.enter(greedy, f"greedy {number}")
    admission.enter(modest, "modest")
    held, served = [greedy] * admission.running, []
    while held:
        for request in admission.leave(held.pop()):
            served.append(request)
            held.append(modest if request == "modest" else greedy)
    assert served.index("modest") <= 1
    greedy_ones = [each for each in served if each != "modest"]
    assert greedy_ones == sorted(greedy_ones)


def test_a_waiting_request_can_be_withdrawn_but_a_running_one_cannot() -> None:
    admission: Admission[int] = Admission(1)
    claimant = Claimant("a", None)
    admission.enter(claimant, 1)
    admission.enter(claimant, 2)
    assert admission.withdraw(claimant, 2)
    assert not admission.withdraw(claimant, 1)
    assert list(admission.leave(claimant)) == []

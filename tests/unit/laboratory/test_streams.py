from laboratory.streams import Purpose, stream


def test_purposes_draw_from_streams_of_their_own() -> None:
    firsts = {int(stream(7, purpose).integers(2**62)) for purpose in Purpose}
    assert len(firsts) == len(Purpose)


def test_a_stream_is_its_seed_and_purpose_alone() -> None:
    stream(7, Purpose.SHOCKS).random(1000)
    assert stream(7, Purpose.FLOW).random() == stream(7, Purpose.FLOW).random()
    assert stream(7, Purpose.FLOW).random() != stream(8, Purpose.FLOW).random()

"""Any part of a name is found by what an index holds of it (VID-1)."""

from hypothesis import given
from hypothesis import strategies as st

from recordings.grams import grams, needed_grams, normalised

NAMES = st.text(alphabet="张晓明李阿依古丽ABab 　·", max_size=12)


@given(name=NAMES, data=st.data())
def test_every_part_of_a_name_needs_only_grams_the_name_has(name, data):
    plain = normalised(name)
    begin = data.draw(st.integers(0, len(plain)))
    end = data.draw(st.integers(begin, len(plain)))

    assert set(needed_grams(plain[begin:end])) <= set(grams(name))


@given(name=NAMES)
def test_no_gram_is_longer_than_the_column(name):
    assert all(1 <= len(gram) <= 2 for gram in grams(name))


def test_case_width_and_spaces_do_not_matter():
    assert normalised(" Ａlice　 张 ") == "alice张"

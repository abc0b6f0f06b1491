"""Which encoding a file is read in that is not marked, and when the user is asked."""

# ruff: noqa: RUF001  letters of all alphabets are the point

from collections.abc import Callable
from pathlib import Path

import pytest

from bulkup.csvfile.decoding import blocks
from bulkup.csvfile.detection import detect
from bulkup.csvfile.encoding import sample as sample_module
from bulkup.csvfile.encoding.candidates import CANDIDATES
from bulkup.csvfile.encoding.guess import guess, ranked
from bulkup.csvfile.encoding.marks import by_mark
from bulkup.csvfile.encoding.sample import collect_sample
from bulkup.csvfile.source import open_source
from bulkup.errors import InputError

Put = Callable[[bytes], Path]
SAMPLES = {
    "cp1252": "Name,City\nJosé,Málaga\nMüller,Köln\n",
    "iso8859-1": "Name,City\nJosé,Málaga\nMüller,Köln\n",
    "iso8859-15": "Nom,Prix\nFrançois Lefèvre,€10\nHélène Dupré,€5\nSœur Agnès,€3\nBœuf,€7\n",
    "cp850": "Name,City\r\nMüller,Köln\r\nJosé,Düsseldorf\r\nGroß,Zürich\r\n",
    "mac-roman": "Name,City\rMünchen GmbH,Århus\rÅsa,Ærø\r“Ørsted”,Málaga\r",
    "cp1250": "Jméno,Město\nDvořák,Plzeň\nŠťastný,Třebíč\n",
    "iso8859-2": "Imię,Miasto\nPaweł,Łódź\nŚliwa,Gdańsk\nŻak,Częstochowa\n",
    "cp1251": "Имя,Город\nИванов,Москва\nЩербакова,Уфа\n",
    "koi8-r": "Имя,Город\nИванов,Москва\nЩербакова,Уфа\n",
    "cp866": "Имя,Город\nИванов,Москва\nЩербакова,Уфа\n",
    "cp1253": "Όνομα,Πόλη\nΓιώργος,Αθήνα\n",
    "cp1254": "Ad,Şehir\nAyşe,İzmir\nÇağlar,Eskişehir\n",
    "cp1255": "שם,עיר\nדוד כהן,חיפה\n",
    "cp1256": "اسم,مدينة\nمحمد العلي,القاهرة\n",
    "cp1257": "Vardas,Miestas\nŽukauskas,Šiauliai\nRūta,Klaipėda\n",
    "cp874": "ชื่อ,เมือง\nสมชาย ใจดี,เชียงใหม่\n",
    "cp932": "氏名,住所\n山田太郎,東京都千代田区\n鈴木さくら,大阪市\n",
    "euc_jp": "氏名,住所\n山田さくら,東京都千代田区\n鈴木まゆみ,大阪市\nヤマダ タロウ,札幌市\n",
    "cp949": "이름,도시\n김민수,서울특별시\n이영희,부산\n",
    "gb18030": "姓名,城市\n张伟,北京市朝阳区\n李晓明,上海市浦东新区\n",
    "cp950": "姓名,城市\n陳志明,台北市信義區\n林淑芬,高雄市\n",
}


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(content: bytes) -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(content)
        return path

    return write


def read(path: Path) -> str:
    return "".join(blocks(path, detect(path).encoding))


@pytest.mark.parametrize("encoding", SAMPLES)
def test_a_few_rows_are_read_right(put: Put, encoding: str) -> None:
    path = put(SAMPLES[encoding].encode(encoding))
    assert read(path) == SAMPLES[encoding]
    assert detect(path).encoding.guessed


@pytest.mark.parametrize(
    ("encoding", "value"),
    [
        ("cp1252", "Müller"),
        ("cp1252", "© 2024 ACME"),
        ("iso8859-1", "©"),
        ("cp1252", "It’s 20°C"),
        ("cp1252", "“10 €”"),
        ("cp1252", "Société Générale"),
        ("cp1250", "Dvořák"),
        ("cp1251", "Кузнецов"),
        ("mac-roman", "Malmö"),
        ("cp850", "Schröder"),
        ("cp932", "A達"),
        ("euc_jp", "ありがとうございます"),
        ("gb18030", "王"),
    ],
)
def test_a_single_value_is_read_right_or_asked_about(encoding: str, value: str) -> None:
    text = f"Name\n{value}\n"
    result = guess(collect_sample([text.encode(encoding)]))
    assert result is not None
    assert not result.clear or text.encode(encoding).decode(result.best.name) == text


@pytest.mark.parametrize("value", ["Müller", "Société Générale", "José García", "Björn Håkansson"])
def test_an_accent_or_two_of_western_europe_are_enough(put: Put, value: str) -> None:
    assert read(put(f"Name\n{value}\n".encode("cp1252"))) == f"Name\n{value}\n"


def test_what_two_encodings_read_alike_is_one_guess() -> None:
    readings = ranked(collect_sample(["Name\nMüller\n".encode("cp1252")]))
    names = {candidate.name for candidate in readings[0].candidates}
    assert {"cp1252", "iso8859-1", "cp1250", "cp1254"} <= names
    assert readings[0].candidates[0].name == "cp1252"


@pytest.mark.parametrize("byte", range(0x80, 0x100))
def test_no_reading_has_control_characters_or_unknown_ones(byte: int) -> None:
    for reading in ranked(collect_sample([b"Name\nM%cller\n" % byte])):
        for char in "".join(reading.texts):
            assert not 0x7F <= ord(char) <= 0x9F
            assert not 0xE000 <= ord(char) <= 0xF8FF
            assert char != "\ufffd"


@pytest.mark.parametrize("byte", range(0x80, 0x100))
def test_one_byte_is_never_enough_for_dos_or_east_asia(byte: int) -> None:
    result = guess(collect_sample([b"Name\nM%cller\n" % byte]))
    assert result is not None
    assert not (result.clear and result.best.rare)


def test_all_bytes_of_the_file_count_not_only_those_of_its_beginning(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_module, "_MOST_BLOCKS", 1)
    rows = "Name,City\n" + "Anna,Berlin\n" * 120_000 + "Müller,Köln\n" * 120_000
    path = put(f"{rows}Zoë,10 €\n".encode("cp1252"))
    assert read(path).endswith("Zoë,10 €\n")
    assert detect(path).encoding.name == "cp1252"
    assert len(collect_sample([path.read_bytes()]).pieces) < 10


def test_a_byte_that_the_best_encoding_does_not_have_rules_it_out(put: Put) -> None:
    path = put("Name,City\nMüller,Köln\n".encode("cp1252") * 60_000 + b"x,\x81\x8d\n")
    with pytest.raises(InputError, match="its encoding is not clear"):
        detect(path)


def test_a_sample_stays_small() -> None:
    lines = b"".join(b"\xe9%d,\xfc%d\n" % (number, number) for number in range(20_000))
    sample = collect_sample([lines] * 40)
    assert len(sample.pieces) <= 2 * sample_module.MOST_PIECES
    assert max(map(len, sample.pieces)) <= sample_module.LONGEST_PIECE


def test_a_long_line_without_blanks_is_cut_where_its_letters_are() -> None:
    sample = collect_sample([b"x" * 1_000_000 + b"M\xfcller" + b"y" * 1_000_000])
    (piece,) = sample.pieces
    assert b"M\xfcller" in piece


def test_a_late_byte_within_a_long_text_without_blanks_is_no_broken_character(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_module, "_MOST_BLOCKS", 1)
    text = "姓名,城市\n" + "张伟,北京市朝阳区\n" * 80_000 + "有限公司" * 1_000 + "上海浦东鑫,x\n"
    assert read(put(text.encode("gb18030"))) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("iso2022_jp", "氏名,住所\n山田太郎,東京都\n"),
        ("iso2022_jp", "Name,City\n" + "Anna,Berlin\n" * 200_000 + "山田,東京\n"),
        ("iso2022_jp_ext", "氏名\nﾔﾏﾀﾞ\n"),
        ("iso2022_kr", "이름\n김민수\n"),
    ],
)
def test_escape_sequences_tell_iso_2022(put: Put, encoding: str, text: str) -> None:
    path = put(text.encode(encoding))
    assert read(path) == text
    assert not detect(path).encoding.guessed


@pytest.mark.parametrize(
    "text", ["a,b\n\x1b[1mbold\x1b[0m,x\n", "a,b\n\x1b$B,cut\n", "Größe\n山\n"]
)
def test_other_escapes_and_utf_8_are_left_alone(put: Put, text: str) -> None:
    assert detect(put(text.encode())).encoding.name == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["Name,City\nJosé,León\n", "Имя,Город\nЯрославль,Уфа\n", "氏名\n健一\n上,上\n", "é,b\n"]
)
def test_utf_16_and_32_need_no_mark(encoding: str, text: str) -> None:
    result = by_mark(text.encode(encoding))
    assert result is not None
    assert result.name == encoding


@pytest.mark.parametrize(
    "content", [b"a,b\n\0,x\n", b"Name,City\nA\0nna,Berlin\n", b"a,\0b\0,c\n", b"a,b\n1,\0\0\0\n"]
)
def test_ascii_with_nul_bytes_is_not_utf_16(content: bytes) -> None:
    assert by_mark(content) is None


def test_a_name_in_chinese_that_is_utf_8_by_chance_is_utf_8(put: Put) -> None:
    assert detect(put("Name\n伟\n".encode("gbk"))).encoding.name == "utf-8"


def test_the_encoding_that_is_named_is_taken_whatever_the_guess(put: Put) -> None:
    path = put(SAMPLES["cp1252"].encode("cp1252"))
    assert detect(path, encoding="cp1251").encoding.name == "cp1251"
    assert not detect(path, encoding="cp1251").encoding.guessed


def test_an_unclear_file_is_asked_about_with_a_value_in_both_readings(put: Put) -> None:
    path = put("Id,LastName\n1,Smith\n2,Piñata\n".encode("cp1252"))
    with pytest.raises(InputError) as caught:
        detect(path)
    error = caught.value
    assert error.name == "UnclearEncoding"
    first, second, third = error.message.splitlines()
    assert first == (
        "people.csv is not UTF-8, and its encoding is not clear. Row 2, column LastName reads"
    )
    assert second == "  'Piñata'  in Windows-1252"
    assert third.startswith("  'Pi")
    assert "--encoding cp1252 or --encoding " in error.hint


def test_a_file_of_utf_8_and_another_encoding_is_not_guessed_to_be_one_of_them(put: Put) -> None:
    rows = "Name,City\nMüller,Köln\nJosé,León\n".encode()
    path = put(rows + "Zoë,Málaga\nJürgen,Lübeck\nSöhne,Ähre\n".encode("cp1252"))
    assert detect(path).encoding.name == "utf-8"
    with pytest.raises(InputError, match="line 4: not UTF-8"):
        open_source(path)


def test_letters_that_are_utf_8_by_chance_are_not_taken_for_damaged_utf_8(put: Put) -> None:
    text = "Name,City\nDvořák,Plzeň\nŘíha,České Budějovice\nKučera,Třebíč\nNěmcová,Děčín\n"
    assert read(put(text.encode("mac_latin2"))) == text


def test_an_unclear_header_is_named_as_such(put: Put) -> None:
    with pytest.raises(InputError, match="The header reads\n  'Š"):
        detect(put("Škoda,b\nx,y\n".encode("cp1250")))


def test_bytes_that_are_no_text_are_no_guess(put: Put) -> None:
    with pytest.raises(InputError) as caught:
        detect(put(b"a,b\n" + bytes(range(0x80, 0x100)) * 3 + b",\x80\xff\n"))
    assert caught.value.name in {"InvalidEncoding", "UnclearEncoding"}


def test_each_candidate_is_named_as_people_know_it() -> None:
    from bulkup.csvfile.encoding.names import Encoding

    shown = [Encoding(name=candidate.name).shown for candidate in CANDIDATES]
    assert len(set(shown)) == len(shown)
    assert not {name for name in shown if name.startswith(("cp", "iso"))}

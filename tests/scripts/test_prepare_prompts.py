import gzip
import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st


def test_validation_takes_whole_texts_of_two_to_six_words(load_script):
    script = load_script("prepare_prompts")

    endings = ("", " x", " y z", " u v w x y z")

    @given(st.lists(st.sampled_from([f"{a}{b}" for a in "abcdefgh" for b in endings])))
    def holds(texts):
        chosen = script.validation_texts([{"text": text} for text in texts])
        fitting = {text for text in texts if 2 <= len(text.split()) <= 6}
        assert chosen <= fitting
        assert len(chosen) == min(len(fitting), script.VALIDATION_TEXTS)

    holds()


def test_the_choice_does_not_depend_on_the_order_of_the_lines(load_script):
    script = load_script("prepare_prompts")
    pool = [{"text": f"folder {number}"} for number in range(100)]
    assert script.validation_texts(pool) == script.validation_texts(pool[::-1])


def test_the_shipped_split_is_the_one_the_script_makes(load_script):
    script = load_script("prepare_prompts")
    validation = script.read_manifest(script.PROMPTS / "validation.jsonl")
    pool = script.read_manifest(script.PROMPTS / "train.jsonl") + validation
    assert script.validation_texts(pool) == {row["text"] for row in validation}


def test_debian_texts_are_read_by_file_name(load_script, tmp_path):
    script = load_script("prepare_prompts")
    path = tmp_path / "texts.gz"
    path.write_bytes(gzip.compress(b"; a remark: here\n\ndigits/at: at\nvm-no: No: never.\n"))
    assert script.read_texts(path) == {
        "digits_at": ("digits/at", "at"),
        "vm-no": ("vm-no", "No: never."),
    }


def test_a_debian_package_is_unpacked(load_script, tmp_path):
    script = load_script("prepare_prompts")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz") as archive:
        member = tarfile.TarInfo("./usr/hello")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"hi\n"))
    members = [(b"debian-binary", b"2.0"), (b"data.tar.xz", content.getvalue())]
    package = b"!<arch>\n"
    for name, data in members:
        package += b"%-48s%-10d`\n" % (name, len(data)) + data + b"\n" * (len(data) % 2)
    (tmp_path / "asterisk-core-sounds-en_1_all.deb").write_bytes(package)
    script.unpack(tmp_path, tmp_path / "root")
    assert (tmp_path / "root/usr/hello").read_bytes() == b"hi\n"

"""`make sdk`: one tarball; the plain script says what the modules say, or is refused."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools.pack_sdk import NotPackable, module_of, pack, plain_script

LOAD = """
const vm = require("vm");
const here = { EventTarget, Event, CustomEvent };
vm.createContext(here);
vm.runInContext(require("fs").readFileSync(0, "utf8"), here);
console.log(JSON.stringify(Object.keys(here.Interview).sort()));
"""


def test_the_plain_script_leaves_one_name_with_every_export():
    done = subprocess.run(
        ["node", "-e", LOAD], input=plain_script(), capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == [
        *("InterviewClient", "InterviewError", "SDK_VERSION", "deviceClaims", "hostOf"),
        *("levelMeter", "openDevices", "position", "remediesFor"),
    ]


def test_what_the_modules_load_late_is_in_the_plain_script(tmp_path: Path):
    (tmp_path / "a.js").write_text(
        'export async function late() { return (await import("./b.js")).b; }\n'
    )
    (tmp_path / "b.js").write_text("export const b = 7;\n")
    script = plain_script(tmp_path, "a.js") + "Interview.late().then(console.log);"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)

    assert done.stdout == "7\n"
    assert 'made["rescue.js"]' in plain_script()


@pytest.mark.parametrize(
    "line",
    [
        "export default function x() {}",
        'import * as all from "./b.js";',
        'import { a as b } from "./b.js";',
        "export let changing = 1;",
        "const late = await import(module);",
    ],
)
def test_a_module_it_does_not_understand_is_refused(line: str):
    with pytest.raises(NotPackable):
        module_of(line)


def test_modules_in_a_circle_are_refused(tmp_path: Path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')

    with pytest.raises(NotPackable):
        plain_script(tmp_path, "a.js")


def test_the_tarball_is_whole_and_the_same_each_time(tmp_path: Path):
    first, second = pack(tmp_path / "one"), pack(tmp_path / "two")

    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        names = set(archive.getnames())
        told = archive.extractfile("package/package.json")
        assert told is not None
        package = json.load(told)
    assert {
        "package/interview-sdk.js",
        "package/esm/interview-client.js",
        "package/types/interview-client.d.ts",
        "package/README.md",
    } <= names
    assert package["exports"]["."]["default"] == "./esm/interview-client.js"
    assert first.name == f"video-interview-sdk-{package['version']}.tgz"

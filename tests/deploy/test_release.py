"""A changed parameter or source reaches the alias of every function: SAM's own translator shows the versions."""

import json
import re
import subprocess
import tomllib

import pytest
from typer.testing import CliRunner

from cli import release
from cli.checkout import ROOT, tool_python
from cli.local import stack_parameters, with_address
from cli.main import app
from tests.support.templates import DISTRICTS, functions, resources, template
from vigil.runtime.setting_values import web_address

ROOT_TEMPLATE = ROOT / "template.yaml"
PARAMETERS = {name: str(one.get("Default", "text")) for name, one in template(ROOT_TEMPLATE)["Parameters"].items()}
NESTED = resources(ROOT_TEMPLATE, "AWS::Serverless::Application")
IN_ENVIRONMENTS = sorted(PARAMETERS.keys() - {"Release"})

# Runs in SAM's own environment. Prints the logical ids of the versions in each template, for each set of parameters.
TRANSLATE = """
import json, sys
from pathlib import Path
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse

def versions(path, parameters):
    validator = SamTemplateValidator(yaml_parse(Path(path).read_text()), None, region="eu-west-1",
                                     parameter_overrides=parameters)
    translated = yaml_parse(validator.get_translated_template_if_valid())["Resources"]
    return sorted(name for name, one in translated.items() if one["Type"] == "AWS::Lambda::Version")

print(json.dumps([versions(*job) for job in json.load(sys.stdin)]))
"""


def versions(runs):
    """Return the versions of all functions for each set of root parameters."""
    jobs = [(str(path), district_parameters(path, run)) for run in runs for path in DISTRICTS]
    command = [tool_python("sam"), "-c", TRANSLATE]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = iter(json.loads(done.stdout))
    return [{name for _ in DISTRICTS for name in next(found)} for _ in runs]


def district_parameters(path, parameters):
    """Return the parameters that the root template passes to a district; an attribute of a resource is its own name."""
    given = NESTED[path.stem.capitalize()]["Parameters"]
    return {
        name: parameters[value["Ref"]] if value.get("Ref") in parameters else json.dumps(value)
        for name, value in given.items()
    }


@pytest.fixture(scope="module")
def translated():
    """Return the versions of the first deployment, and of one for each changed parameter."""
    first = release.with_release(PARAMETERS)
    changed = [release.with_release({**first, name: first[name] + "0"}) for name in IN_ENVIRONMENTS]
    before, again, *after = versions([first, release.with_release(first), *changed])
    return before, again, dict(zip(IN_ENVIRONMENTS, after, strict=True))


def test_equal_parameters_publish_no_version(translated):
    before, again, _ = translated
    assert len(before) == len(functions())
    assert again == before


@pytest.mark.parametrize("parameter", IN_ENVIRONMENTS)
def test_a_changed_parameter_publishes_every_function(translated, parameter):
    before, _, after = translated
    assert len(after[parameter]) == len(functions())
    assert not before & after[parameter]


def test_a_changed_source_changes_the_release(monkeypatch, tmp_path):
    before = release.release_of(PARAMETERS)
    monkeypatch.setattr(release, "SOURCES", [*release.SOURCES, "LICENSE"])
    assert release.release_of(PARAMETERS) != before


def test_every_environment_names_its_release():
    # Lambda refuses to publish a version that equals the previous one.
    for function in functions().values():
        assert function["AutoPublishCodeSha256"] == {"Ref": "Release"}
        assert function["Environment"]["Variables"]["VIGIL_RELEASE"] == {"Ref": "Release"}


def test_the_template_refuses_a_deployment_without_a_release():
    declared = template(ROOT_TEMPLATE)["Parameters"]["Release"]
    assert "Default" not in declared
    allowed = re.compile(declared["AllowedPattern"])
    assert allowed.fullmatch(release.release_of(PARAMETERS))
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in ("dev", "staging", "prod"):
        # An update without an override would otherwise use the release of the previous deployment.
        (found,) = re.findall(r"\bRelease=(\S+)", config[stage]["deploy"]["parameters"]["parameter_overrides"])
        assert not allowed.search(found)


def test_the_embedded_stack_has_the_release_of_its_parameters(tmp_path):
    parameters = stack_parameters(tmp_path)
    assert parameters["Release"] == release.release_of(parameters)


def test_notices_of_the_embedded_stack_link_to_its_own_address(tmp_path):
    parameters = with_address(stack_parameters(tmp_path), "http://127.0.0.1:4566")
    assert parameters["ApiAddress"] == "http://127.0.0.1:4566/local"
    pattern = template(ROOT_TEMPLATE)["Parameters"]["ApiAddress"]["AllowedPattern"]
    assert re.fullmatch(pattern, parameters["ApiAddress"])
    assert web_address(parameters["ApiAddress"]) == parameters["ApiAddress"]
    assert parameters["Release"] == release.release_of(parameters)


@pytest.fixture
def keys_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path))
    (tmp_path / "model-keys.json").write_text('{"a": "AAAA"}')
    return tmp_path


def test_the_command_writes_every_parameter_of_a_stage(keys_folder):
    command = ["deployment", "parameters", "dev", "--keys", str(keys_folder), "--set", "Protect=true"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    written = json.loads((keys_folder / "parameters-dev.yaml").read_text())
    assert done.output.strip() == (keys_folder / "parameters-dev.yaml").as_uri()
    assert written.items() >= {"Stage": "dev", "ModelKeys": '{"a": "AAAA"}', "Protect": "true"}.items()
    assert written["Release"] == release.release_of(written)
    assert written.keys() <= PARAMETERS.keys()


@pytest.mark.parametrize(("stage", "more", "code"), [("nowhere", [], 1), ("dev", ["--set", "Protect"], 2)])
def test_an_unknown_stage_or_setting_is_refused(keys_folder, stage, more, code):
    done = CliRunner().invoke(app, ["deployment", "parameters", stage, "--keys", str(keys_folder), *more])
    assert done.exit_code == code

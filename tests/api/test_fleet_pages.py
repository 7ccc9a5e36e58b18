"""Long lists, page by page: every row once, in order, whoever asks and whatever comes and goes meanwhile."""
import pytest

from fleet_lab import Lab

# (project, host number, host name): names that meet in both projects and twice in one
HOSTS = [("one", 1, "b"), ("one", 2, "a"), ("one", 3, "b"), ("one", 4, "c.example"), ("two", 5, "a"), ("two", 6, "b-2")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 79)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def projects(lab):
    made = {name: lab.project(name) for name in ("one", "two")}
    for name, number, hostname in HOSTS:
        device = lab.device(made[name], number, hostname)
        lab.provider.post(f"/devices/{device}/bgp/sessions")
    return made


def rows_of(client, kind, limit, query=""):
    cursor, rows = None, []
    while True:
        page = client.get(f"/v1/{kind}?limit={limit}{query}" + (f"&cursor={cursor}" if cursor else ""))
        assert 0 < len(page[kind]) <= limit
        rows += page[kind]
        cursor = page["next"]
        if cursor is None:
            return rows


def pages(client, limit, query=""):
    return [(row["device"]["hostname"], row["device"]["id"]) for row in rows_of(client, "sessions", limit, query)]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 100])
def test_every_session_once_and_in_order(lab, projects, limit):
    rows = pages(lab.provider, limit)
    assert rows == sorted(set(rows)) and len(rows) == len(HOSTS)
    assert [name for name, _ in rows] == sorted(name for _, _, name in HOSTS)


def test_of_one_project(lab, projects):
    expected = sorted(name for project, _, name in HOSTS if project == "one")
    assert [name for name, _ in pages(lab.provider, 1, f"&project={projects['one']}")] == expected
    assert [name for name, _ in pages(lab.token(projects["one"]), 1)] == expected
    other = lab.token(projects["two"]).get(f"/v1/sessions?project={projects['one']}")
    assert other == {"sessions": [], "next": None}


def test_filters_go_together(lab, projects):
    router = lab.provider.get("/v1/routers")["routers"][0]["id"]
    [_, device] = pages(lab.provider, 1)[0]
    everything = f"&project={projects['one']}&router={router}"
    assert len(pages(lab.provider, 2, everything)) == 4
    [row] = lab.provider.get(f"/v1/sessions?device={device}{'&router=' + router}")["sessions"]
    assert row["device"]["id"] == device
    state = row["state"]
    assert lab.provider.get(f"/v1/sessions?device={device}&state={state}")["sessions"]
    assert not lab.provider.get(f"/v1/sessions?device={device}&state=partial")["sessions"]


def test_a_row_that_goes_takes_none_with_it(lab, projects):
    client, project = lab.provider, projects["one"]
    page = client.get(f"/v1/sessions?limit=2&project={project}")
    client.delete(f"/bgp/sessions/{page['sessions'][1]['id']}")
    rest = client.get(f"/v1/sessions?limit=2&project={project}&cursor={page['next']}")["sessions"]
    assert [row["device"]["hostname"] for row in rest] == ["b", "c.example"]
    client.post(f"/devices/{page['sessions'][1]['device']['id']}/bgp/sessions")


@pytest.mark.parametrize("cursor", ["7", "~", "~~", "a~b", "a~b~5", "a~b~4~", "x" * 300 + "~b~4", "a~" + "b" * 40 + "~6"])
def test_cursors_of_nobody(lab, cursor):
    answer = lab.provider.ask("GET", f"/v1/sessions?cursor={cursor}")
    assert answer.status == 400 and "cursor" in answer.json["errors"][0]


def test_counts_of_a_project(lab, projects):
    counts = lab.provider.get(f"/v1/projects/{projects['one']}")
    assert counts["devices"] == 4 and sum(counts["sessions"].values()) == 4


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_devices_by_host_name(lab, projects, limit):
    everything = [(row["hostname"], row["id"]) for row in rows_of(lab.provider, "devices", limit)]
    assert everything == pages(lab.provider, 100)
    same = rows_of(lab.provider, "devices", limit, "&hostname=a")
    assert [row["hostname"] for row in same] == ["a", "a"]
    assert {row["project_id"] for row in same} == set(projects.values())
    [own] = rows_of(lab.token(projects["two"]), "devices", limit, "&hostname=a")
    assert own["project_id"] == projects["two"]
    assert lab.provider.get("/v1/devices?hostname=nobody") == {"devices": [], "next": None}
    assert lab.token(projects["two"]).get(f"/v1/devices?project={projects['one']}") == {"devices": [], "next": None}


def test_devices_cursor_is_checked(lab, projects):
    answer = lab.provider.ask("GET", "/v1/devices?cursor=nonsense")
    assert answer.status == 400 and "cursor" in answer.json["errors"][0]

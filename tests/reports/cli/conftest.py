"""Commands as a user calls them: what samples and simulates is replaced by invented numbers
(tests/synthetic.py); everything from the options to the run folder is real.
"""

import json
import signal
import sys
import types

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import crossover as rooms
from crossover.forecast import runs
from crossover.reports.cli import app
from tests.synthetic import make_run

DRAWS, CHAINS = 30, 4


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.VARIABLE, str(tmp_path / "store"))
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path / "store"
    for kind, handler in before.items():
        signal.signal(kind, handler)


@pytest.fixture(scope="session")
def invented(tmp_path_factory):
    """Return a posterior of two quantities, a forecast and a table of levels, all invented."""
    run = make_run(tmp_path_factory.mktemp("invented") / "run", draws=DRAWS, chains=CHAINS)
    whole = xr.load_datatree(run / "posterior.nc", engine="h5netcdf")
    few = whole["posterior"].to_dataset()[["supplier_capacity", "rd_within"]]
    return types.SimpleNamespace(
        posterior=xr.DataTree.from_dict(
            {
                "posterior": few,
                "sample_stats": whole["sample_stats"].to_dataset(),
                "constant_data": xr.Dataset(attrs={"origin": 2024}),
                "domains/posterior": whole["domains/posterior"].to_dataset(),
                "domains/constant_data": whole["domains/constant_data"].to_dataset(),
            }
        ),
        apart=xr.load_dataset(run / "domains.nc", engine="h5netcdf"),
        by_domain=pd.read_csv(run / "levels_domains.csv"),
        forecast=xr.load_dataset(run / "forecast.nc", engine="h5netcdf"),
        levels=pd.read_csv(run / "levels.csv"),
        causes=pd.read_csv(run / "causes.csv"),
    )


@pytest.fixture
def stand_ins(invented, monkeypatch):
    """Replace what is heavy; return the record of how it was called, and levers to pull."""
    told = types.SimpleNamespace(calls=[], passed=True, stop=None)

    def put(name, package=rooms.forecast, **content):
        module = types.ModuleType(f"{package.__name__}.{name}")
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(package, name, module, raising=False)

    def verdict(name):
        value = 600.0 if told.passed else 12.5
        check = {"name": name, "value": value, "threshold": 400.0, "where": "home_bias"}
        return {"passed": told.passed, "checks": [check | {"passed": told.passed}]}

    def fit(panel, priors, **options):
        told.calls.append(("fit", options))
        told.records = [json.loads(p.read_text()) for p in told.folder.glob("**/.*/run.json")]
        if told.stop:
            raise told.stop
        return invented.posterior

    def futures(tree, supplier, recipient, *, seed, horizon, scenarios=(), progress=None):
        told.calls.append(("futures", {"pair": (supplier, recipient), "seed": seed}))
        told.scenarios = [one.name for one in scenarios]
        if told.stop:
            raise told.stop
        return invented.forecast.assign_attrs(
            supplier=supplier, recipient=recipient, chains=CHAINS
        )

    put("fit", fit=fit, prior=lambda p, b, **o: fit(p, b, **o), DRAWS=40, TUNE=20, CHAINS=CHAINS,
        USUAL={"draws": 40, "tune": 20, "chains": CHAINS},
        QUICK={"draws": 8, "tune": 5}, DOMAINS="domains",
        WORK=(1.0,), DOMAIN_WORK=(1.0,), fit_domains=lambda *given, **options: None,
        with_domains=lambda tree, layer: tree)
    put("simulate", futures=futures)
    put(
        "sources", ORDERS_FILE="deliveries_by_order.csv", SUPPLIERS_FILE="suppliers.csv",
        NOT_KEPT=(), by_order=lambda futures: pd.DataFrame(),
        by_supplier=lambda futures, inputs: pd.DataFrame(), add_up=lambda folder, futures: None,
    )  # fmt: skip
    put("levels", levels=lambda futures: invented.levels,
        by_domain=lambda tree, futures, apart, seed: invented.by_domain)
    put(
        "domains",
        by_domain=lambda tree, futures, seed: invented.apart.assign_attrs(futures.attrs),
    )
    put(
        "domain_checks",
        predictive_check=lambda tree, recipients, seed: pd.DataFrame(),
        agreement=lambda tree, seed: ({}, None, None),
    )
    put("partnership_tables")
    monkeypatch.setattr(
        "crossover.models.inputs.prepare", lambda *given: xr.Dataset(attrs={"origin": 2024})
    )
    put("coupling", fit=lambda *given, **options: None)
    put("gap_change", changes=lambda tree, futures: pd.DataFrame())
    put("decomposition", decompose=lambda tree, *pair: pd.DataFrame())
    put("claims", CLAIMS_FILE="claims.csv", load=lambda: {}, Run=lambda *given: None,
        judge=lambda claims, run: [], again=lambda *given: None,
        write=lambda rows, path: path.write_text("claim\n"))
    put(
        "gate",
        judge=lambda tree, events=None: verdict("ess_bulk"),
        judge_all=lambda tree, history: verdict("ess_bulk"),
        judge_events=lambda events: verdict("ess_tail"),
        combine=lambda a, b: {
            "passed": a["passed"] and b["passed"], "checks": a["checks"] + b["checks"]
        },
    )

    from crossover.data import listings
    from crossover.forecast import event_tables, events

    for module in (event_tables, events):
        monkeypatch.setattr(module, "monte_carlo_error", lambda happened, chains: happened.std(0))
    nothing = xr.Dataset(coords={"scenario": ["baseline"], "year": np.arange(2024, 2051)})
    monkeypatch.setattr(
        events, "domain_answers", lambda futures, apart: nothing.assign_attrs(futures.attrs)
    )
    monkeypatch.setattr(events, "domains_ahead", lambda table: pd.DataFrame())
    panel = xr.Dataset(
        {"tiv": (("supplier", "recipient", "year"), np.ones((1, 1, 2)))},
        coords={"year": [2023, 2024]},
    )
    monkeypatch.setattr(listings, "known", lambda *given: [])
    monkeypatch.setattr(listings, "attach", lambda panel, books: panel)
    put("panel", rooms.data,
        assemble=lambda as_of, folder: told.calls.append(("panel", as_of)) or panel)
    monkeypatch.setattr(listings, "known", lambda as_of, folder: [])
    monkeypatch.setattr(listings, "attach", lambda panel, books: panel)
    put("decomposition", decompose=lambda tree, *pair: invented.causes)

    def build(run, supplier=None, recipient=None, out=None, templates=None, brief=False):
        assert (run / runs.RECORD).is_file() and (run / "events.csv").is_file()
        path = out or run / "report.pdf"
        path.write_bytes(b"%PDF " + json.dumps(runs.read(run)["gate"]["passed"]).encode())
        return path

    put("build", rooms.reports, build=build)

    def figure(tree, futures, out):
        out.write_text("figure")
        return out

    put("prior", rooms.reports, figure=figure)
    return told


@pytest.fixture
def command(stand_ins, tmp_path, capsys):
    """Return a function that runs a command in a folder: exit code, output, errors."""
    stand_ins.folder = tmp_path

    def call(*words):
        code = app.main([str(word) for word in words])
        seen = capsys.readouterr()
        return types.SimpleNamespace(code=code, out=seen.out, err=seen.err)

    return call


@pytest.fixture
def published(tmp_path):
    """Return a run folder that may be published, with a pair on its record."""
    run = make_run(tmp_path / "published", draws=20)
    said = json.loads((run / "run.json").read_text()) | {"supplier": "RUS", "recipient": "CHN"}
    (run / "run.json").write_text(json.dumps(said))
    return run


@pytest.fixture
def by_scenario(stand_ins, invented, monkeypatch):
    """Let the invented futures hold every scenario asked for; return what is added to each."""
    from crossover.forecast import simulate

    moved = {}
    base = invented.forecast.sel(scenario="baseline", drop=True)

    def futures(tree, supplier, recipient, *, seed, horizon, scenarios=(), progress=None):
        names = [one.name for one in scenarios]
        worlds = [base.assign(deliveries=base["deliveries"] + moved.get(n, 0.0)) for n in names]
        whole = xr.concat(worlds, "scenario", data_vars=list(base.data_vars))
        past = [n for n in base.data_vars if "scenario" not in invented.forecast[n].dims]
        whole = whole.assign({n: base[n] for n in past}).assign_coords(scenario=names)
        return whole.assign_attrs(supplier=supplier, recipient=recipient, chains=CHAINS)

    monkeypatch.setattr(simulate, "futures", futures)
    return moved


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

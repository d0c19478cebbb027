"""The page in a real browser, served by the real agent.

    python3 Tests/PageTests/page.py AGENT [--screenshots FOLDER] [NAME…]
    python3 Tests/PageTests/page.py AGENT --measure

Names choose tests; without any, all run. What fails is told, and the exit status is 1. Measuring tests nothing: it tells
how much the page weighs, how soon and how fast it draws, and what it costs the agent; on a machine that is busy with
something else the times are that machine's.
"""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

# Nothing is left in the folder of the sources.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import Agent, Wire, machine_with_process_named  # noqa: E402
from browser import Browser, Failure, Tab  # noqa: E402

PROGRAM = None
SCREENSHOTS = None
READY = "document.querySelector('#panel-agent:not([hidden])') && agentPage.store.tail.length > 0"
PAGE = "globalThis.agentPage && "

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "accessibility.js"), encoding="utf-8") as file:
    ACCESSIBILITY = file.read()


def check(condition, what):
    if not condition:
        raise Failure(what)


@contextlib.contextmanager
def running(*arguments, **options):
    agent = Agent(PROGRAM, *arguments, **options)
    try:
        yield agent
    finally:
        agent.kill()


def load(browser, port, fragment=""):
    """Opens the page and waits until it shows a sample."""
    browser.open(f"http://127.0.0.1:{port}/ui/{fragment}")
    browser.wait(PAGE + READY, "the page shows a sample")


def check_quiet(browser, is_cut=False):
    """Nothing in the console; a connection that was cut on purpose may be told of."""
    told = [one for one in browser.complaints() if not (is_cut and ("net::ERR_" in one))]
    check(not told, f"the console tells: {told}")


def plot_box(browser, panel="panel-cpu"):
    """Left, top, width and height of the first chart of a panel, and how far its axis reaches in."""
    browser.evaluate(f"document.querySelector('#{panel} .plot').scrollIntoView({{ block: 'center' }})")
    return browser.evaluate(
        f"(() => {{ const box = document.querySelector('#{panel} .plot').getBoundingClientRect();"
        " return [box.left, box.top, box.width, box.height]; })()")


def point(browser, share, panel="panel-cpu"):
    """A place in the first chart of a panel: the share of the way from its axis to its right edge."""
    left, top, width, height = plot_box(browser, panel)
    axis = 40
    return left + axis + (width - axis) * share, top + height / 2


def text(browser, selector):
    return browser.evaluate(f"document.querySelector({selector!r})?.textContent")


# MARK: Tests


def test_draws_live_data(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        check(browser.evaluate("document.querySelectorAll('.card:not([hidden])').length") >= 9, "panels are missing")
        check(text(browser, "#hostname") == "demo" and browser.evaluate("!document.querySelector('#demo').hidden"),
              "the demo machine is not marked")
        browser.wait("/^\\d+(\\.\\d)?% · demo$/.test(document.title)", "the title tells the load")
        browser.wait("document.querySelector('#icon').href.includes('/favicon-')", "the icon shows the load")
        first = browser.evaluate("document.querySelector('#moment').dataset.time")
        browser.wait(f"document.querySelector('#moment').dataset.time > '{first}'", "a newer sample is shown")
        browser.wait("agentPage.store.tail.length >= 3", "three samples came")
        inked = """(() => { const canvas = document.querySelector('#panel-cpu canvas');
            const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const colors = new Set();
            for (let i = 0; i < bytes.length; i += 4) if (bytes[i + 3] > 100) colors.add(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
            return colors.size; })()"""
        browser.wait(f"{inked} > 3", "the chart is drawn")
        sharp = "(() => { const c = document.querySelector('#panel-cpu canvas'); return [c.width, c.clientWidth * devicePixelRatio]; })()"
        width, wanted = browser.evaluate(sharp)
        check(abs(width - wanted) <= 1, f"the canvas has {width} pixels for {wanted}")
        check(browser.evaluate("!/undefined|NaN|null|\\[object/.test(document.body.innerText)"), "a figure is not told as one")
        # The figures are the agent's own.
        browser.evaluate("agentPage.stream.controller.abort()")
        sample = agent.get(f"/metrics/at?time={browser.evaluate('agentPage.store.now')}")
        check(text(browser, "#panel-gpu h2") == f"{len(sample['gpus'])} GPUs", "the number of GPUs")
        check(browser.evaluate("document.querySelectorAll('.tile').length") == len(sample["gpus"]), "a tile for each GPU")
        check(browser.evaluate("document.querySelectorAll('#panel-filesystems li').length") == len(sample["filesystems"]), "the filesystems")
        check_quiet(browser)


def test_asks_no_other_host(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.events.clear()
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 2", "samples come")
        foreign = [url for url in browser.requests()
                   if not url.startswith((f"http://127.0.0.1:{agent.port}/", "about:"))]
        check(not foreign, f"requests elsewhere: {foreign}")
        check(browser.evaluate("document.cookie") == "", "there is a cookie")


def test_pointer_is_shared(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 3", "samples come")
        x, y = point(browser, 0.98)
        browser.mouse("mouseMoved", x, y)
        browser.wait("document.querySelectorAll('.pointer:not([hidden])').length > 5", "all charts show the pointer")
        check(browser.evaluate("document.querySelectorAll('.clock:not([hidden])').length") == 1, "one chart shows the time")
        browser.mouse("mouseMoved", 2, 2)
        browser.wait("document.querySelectorAll('.pointer:not([hidden])').length === 0", "the pointer goes away")
        check_quiet(browser)


def test_zooms(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        x, y = point(browser, 0.4)
        start = browser.evaluate("agentPage.view.time ?? agentPage.view.window")
        left, right = point(browser, 0.3)[0], point(browser, 0.6)[0]
        browser.drag(left, right, y)
        browser.wait("Math.abs(agentPage.view.length - 90) < 20", "dragging zooms to what was dragged over")
        browser.wait("/^#range=\\d+s&to=/.test(location.hash)", "the address tells the window")
        window = browser.evaluate("agentPage.view.window")
        check(window["from"] > start["from"] and window["to"] < start["to"], f"{window} is not inside {start}")
        browser.click(x, y, count=2)
        browser.wait("agentPage.view.length === 300 && agentPage.view.isLive", "double-click goes back")
        browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-240, modifiers=2)
        browser.wait("agentPage.view.length < 290", "the wheel with Ctrl zooms")
        browser.key("l")
        browser.evaluate("agentPage.view.choose(300)")
        browser.key("+")
        browser.wait("agentPage.view.length === 150", "the key + zooms")
        browser.key("-")
        browser.wait("agentPage.view.length === 300", "the key - zooms out")
        before = browser.evaluate("agentPage.view.window.to")
        browser.mouse("mouseWheel", x, y, deltaX=-200, deltaY=0)
        browser.wait(f"agentPage.view.window.to < {before}", "the wheel sideways pans")
        browser.key("l")
        browser.wait("agentPage.view.isLive", "the key L follows again")
        check_quiet(browser)


def test_explains(browser):
    """The meaning of a card's values: of one by a click on its title, of all by the card's button and the keyboard."""
    def press(key, code, text=""):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def is_open(what):
        browser.wait("document.querySelector('#explanation').open", what)
        return text(browser, "#explanation")

    def close():
        press("Escape", 27)
        browser.wait("!document.querySelector('#explanation').open", "Esc closes it")

    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        metrics = {one["id"]: one for one in agent.get("/catalog")["metrics"]}
        for selector in ("#panel-memory dt[data-metric='ram.free_mb']", "#panel-disks th[data-metric='disks.busy']",
                         "#panel-network .key[data-metric='network.receive_bytes_per_sec']"):
            # Cards that are filled later may move it meanwhile.
            for _ in range(20):
                place = browser.evaluate(f"(() => {{ const node = document.querySelector({selector!r}); node.scrollIntoView({{ block: 'center' }});"
                                         " const box = node.getBoundingClientRect(); return [box.left + 4, box.top + box.height / 2]; })()")
                browser.click(*place)
                if browser.evaluate("document.querySelector('#explanation').open"):
                    break
                time.sleep(0.5)
            metric = metrics[re.search("'([^']+)'", selector)[1]]
            told = is_open(f"a click on {selector} explains it")
            for part in ("title", "help", "source", "id"):
                check(metric[part] in told, f"{metric[part]!r} is missing in {told!r}")
            broken = browser.evaluate(ACCESSIBILITY)
            check(not broken, f"explanation: {broken[:8]}")
            close()
        check(browser.evaluate("agentPage.view.isLive"), "Esc in a dialog left the page as it was")
        # By the keyboard: every metric that the card shows, tables included.
        browser.evaluate("document.querySelector('#panel-processes .explain').focus()")
        press("Enter", 13, "\r")
        told = is_open("Enter on the card's button explains it")
        for id in ("processes.top.cpu", "processes.top.rss_bytes", "processes.top.write_bytes_per_sec"):
            check(metrics[id]["help"] in told, f"{id} is not explained")
        close()
        check(browser.evaluate("document.activeElement.matches('#panel-processes .explain')"), "the focus returns to the button")
        # A head that sorts goes on sorting.
        browser.evaluate("document.querySelector('#panel-processes th[data-metric=\"processes.top.rss_bytes\"] .sort').click()")
        check(not browser.evaluate("document.querySelector('#explanation').open"), "sorting explains nothing")
        cards = browser.evaluate("[...document.querySelectorAll('.card:not([hidden])')].filter((card) => card.querySelector('[data-metric]'))"
                                 ".filter((card) => card.querySelector('.explain').hidden).map((card) => card.id)")
        check(not cards, f"no button in {cards}")
        check_quiet(browser)


def test_ranks_a_window(browser):
    """A drag over a peak leads to who used the machine meanwhile."""
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        check(browser.evaluate("document.querySelector('#ranking').hidden"), "there is nothing to rank yet")
        y = point(browser, 0.4)[1]
        browser.drag(point(browser, 0.3)[0], point(browser, 0.6)[0], y)
        browser.wait("!document.querySelector('#ranking').hidden", "a window has a ranking")
        browser.evaluate("document.querySelector('#ranking').click()")
        browser.wait("(({ top }) => top >= 0 && top < innerHeight / 2)(document.querySelector('#panel-workloads').getBoundingClientRect())", "it is in view")
        browser.wait("document.querySelector('#panel-workloads .table:not([hidden]) tbody tr td.number')?.textContent.includes('%')", "shares of the window")
        # Also after a click, which chose a time.
        browser.click(*point(browser, 0.5))
        browser.wait("agentPage.view.at !== null && document.querySelector('#ranking').hidden", "a click chooses a time")
        browser.drag(point(browser, 0.1)[0], point(browser, 0.9)[0], point(browser, 0.5)[1])
        browser.wait("agentPage.view.at === null && !document.querySelector('#ranking').hidden", "a drag after a click has a ranking")
        # The columns explain themselves, as those of the live table do.
        browser.evaluate("document.querySelector('#panel-workloads .explain').click()")
        told = text(browser, "#explanations")
        check("CPUs' worth of time used" in told and "Memory charged" in told, f"the ranking is explained by {told!r}")
        browser.evaluate("document.querySelector('#explanation-close').click()")
        # Another measure or window: the rows are those of the times beside the title, at any time.
        check_ranking(browser, agent)
        browser.evaluate("((choice) => { choice.value = 'memory'; choice.dispatchEvent(new Event('change')); })(document.querySelectorAll('#panel-workloads select')[2])")
        check_ranking(browser, agent, of="memory")
        # Of a window that begins before the first sample, the card says how much is known.
        check("samples cover" not in text(browser, "#panel-workloads .note"), "a window with all samples is called partial")
        first = agent.get("/culprits?from=0&limit=1")["from"]
        first = browser.evaluate(f"Date.parse({first!r}) / 1000")
        browser.evaluate(f"agentPage.view.zoom({first} - 600, {first} + 61)")
        browser.wait("/samples cover (5\\d.s|1.min)/.test(document.querySelector('#panel-workloads .note').textContent)", "how much of the window is known")
        # A choice takes the keys that are pressed in it.
        browser.evaluate("document.querySelectorAll('#panel-workloads select')[2].focus()")
        for key in ("l", "t", "ArrowLeft"):
            browser.key(key)
        check(browser.evaluate("agentPage.view.at === null && agentPage.view.to !== null && !document.documentElement.dataset.theme"), "a key in a choice is a command of the page")
        browser.evaluate("document.activeElement.blur()")
        # A process has its workload; one that ended says so.
        browser.evaluate("((choice) => { choice.value = 'process'; choice.dispatchEvent(new Event('change')); })(document.querySelectorAll('#panel-workloads select')[1])")
        browser.wait("document.querySelector('#panel-workloads .table:not([hidden]) th:nth-of-type(2)').textContent === 'Workload'", "processes have a workload")
        for width in (390, 1280):
            browser.size(width, 844, is_phone=width < 600)
            time.sleep(0.3)
            widths(browser, width)
            broken = browser.evaluate(ACCESSIBILITY)
            check(not broken, f"a ranking at {width}: {broken[:8]}")
        browser.key("l")
        browser.wait("document.querySelector('#ranking').hidden", "the present has none")
        check_quiet(browser)


def name_of(one):
    """A workload's name as it is shown: jobs and sessions, which are numbers, with their kind."""
    return one["id"] if one["name"].isdigit() else one["name"]


SHOWN_RANKING = """(() => { const card = document.querySelector('#panel-workloads');
    const table = [...card.querySelectorAll('.table')].find((one) => !one.hidden);
    return table.ariaBusy !== 'true' && !table.querySelector('.sort') && [...table.querySelectorAll('tbody tr')].map((row) => row.cells[0].textContent.trim().split(' ')[0]); })()"""


def check_ranking(browser, agent, of="cpu", limit=30):
    """The table has the agent's ranking of the shown window."""
    until = time.monotonic() + 30
    while True:
        window = browser.evaluate("agentPage.view.window")
        told = agent.get(f"/culprits?from={window['from']:.3f}&to={window['to']:.3f}&by=workload&of={of}&limit={limit}")["culprits"]
        wanted = [name_of(one).split(" ")[0] for one in told]
        shown = browser.evaluate(SHOWN_RANKING)
        if shown == wanted:
            return
        check(time.monotonic() < until, f"{shown} is not the ranking {wanted} of {of} in {window}")
        time.sleep(0.2)


def test_ranks_the_present(browser):
    """A peak that goes on is ranked, too: after a drag up to the right edge, and by the card's button."""
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        browser.wait("agentPage.store.tail.length >= 3", "samples come")
        left, right = point(browser, 0.7)[0], point(browser, 1)[0] + 4
        browser.drag(left, right, point(browser, 0.7)[1])
        browser.wait("agentPage.view.isLive && agentPage.view.length < 200", "the window follows the present")
        browser.wait("!document.querySelector('#ranking').hidden", "it has a ranking")
        rows = browser.wait(f"(({SHOWN_RANKING}) || []).length > 3 && {SHOWN_RANKING}", "its rows")
        told = [name_of(one).split(" ")[0] for one in agent.get("/culprits?limit=1000")["culprits"]]
        check(set(rows) <= set(told), f"{rows} are not of {told}")
        now = text(browser, "#panel-workloads .note")
        browser.wait(f"document.querySelector('#panel-workloads .note').textContent !== {now!r}", "it is renewed", seconds=20)
        browser.key("l")
        browser.wait("document.querySelector('#ranking').hidden && document.querySelector('#panel-workloads .table:not([hidden]) .sort') !== null", "L shows the workloads of now")
        press = "[...document.querySelectorAll('#panel-workloads .head .tools > button')].at(-1)"
        browser.evaluate(f"{press}.click()")
        browser.wait(f"{press}.ariaPressed === 'true' && (({SHOWN_RANKING}) || []).length > 3", "the button ranks the shown time")
        browser.evaluate(f"{press}.click()")
        browser.wait("document.querySelector('#panel-workloads .table:not([hidden]) .sort') !== null", "and takes it back")
        # In the past, the button leads from the ranking to the end of the window and back.
        at = browser.evaluate("agentPage.store.now - 30")
        browser.evaluate(f"agentPage.view.zoom({at} - 60, {at})")
        browser.wait(f"(({SHOWN_RANKING}) || []).length > 3", "the ranking of the past")
        browser.evaluate(f"{press}.click()")
        browser.wait(f"agentPage.view.at === {at} && document.querySelector('#panel-workloads .table:not([hidden]) .sort') !== null", "the workloads at the window's end")
        browser.evaluate(f"{press}.click()")
        browser.wait(f"agentPage.view.at === null && agentPage.view.to === {at}", "the window again")
        check_ranking(browser, agent)
        check_quiet(browser)


def test_orders_and_filters_workloads(browser):
    rows = "[...document.querySelectorAll('#panel-workloads .table:not([hidden]) tbody tr')].map((row) => [...row.cells].map((one) => one.textContent.trim()))"

    def heads(title):
        return f"[...document.querySelectorAll('#panel-workloads .sort')].find((one) => one.textContent === {title!r})"

    def wait_for(wanted, what):
        until = time.monotonic() + 30
        while True:
            names, shown = wanted(), [one[0] for one in browser.evaluate(rows)]
            if names == shown:
                return
            check(time.monotonic() < until, f"{what}: {shown} instead of {names}")
            time.sleep(0.2)

    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait(f"{rows}.length > 3", "workloads")
        check(browser.evaluate("document.querySelector('#panel-workloads th[aria-sort]').ariaSort") == "descending", "the order is not said")
        browser.evaluate(f"{heads('Memory')}.click()")
        wait_for(lambda: [name_of(one) for one in agent.get("/workloads?sort=memory&limit=20")["workloads"]], "by memory")
        browser.evaluate(f"{heads('Name')}.click()")
        by_name = lambda path: [name_of(one) for one in sorted(agent.get(path)["workloads"], key=lambda one: one["name"].lower())]
        wait_for(lambda: by_name("/workloads")[:20], "by name")
        kinds = {one["kind"] for one in agent.get("/workloads")["workloads"]}
        check(len(kinds) > 1, f"the demo machine has {kinds}")
        kind = sorted(kinds)[0]
        choose = "((choice, value) => { choice.value = value; choice.dispatchEvent(new Event('change')); })(document.querySelector('#panel-workloads select'), '%s')"
        browser.evaluate(choose % kind)
        wait_for(lambda: by_name(f"/workloads?kind={kind}"), f"of {kind}")
        browser.evaluate(choose % "")
        type_in = "((field, value) => { field.value = value; field.dispatchEvent(new Event('input')); })(document.querySelector('#panel-workloads input'), '%s')"
        name = agent.get("/workloads?kind=service&sort=id")["workloads"][-1]["name"]
        browser.evaluate(type_in % name.upper())
        browser.wait(f"((shown) => shown.some((row) => row[0] === {name!r}) && shown.every((row) => row.join().toLowerCase().includes({name.lower()!r})))({rows})", "the filter")
        browser.evaluate(type_in % "no such workload")
        browser.wait(f"{rows}.length === 0 && [...document.querySelectorAll('#panel-workloads .body > .note')].some((one) => !one.hidden && one.textContent === 'No workload matches.')", "nothing matches, and the card says so")
        browser.evaluate(type_in % "")
        # In the past, of those that were stored.
        browser.evaluate(f"{heads('Memory')}.click()")
        at = browser.evaluate("agentPage.store.now - 60")
        browser.evaluate(f"agentPage.view.travel({at})")
        wait_for(lambda: [name_of(one) for one in agent.get(f"/workloads?sort=memory&limit=20&at={at}")["workloads"]], "by memory, in the past")
        check_quiet(browser)


def test_compares_short_windows(browser):
    """The times of a short window are compared by means over a part of it, and the card says over which."""
    rows = "[...document.querySelectorAll('#panel-compare tbody tr')].map((row) => [...row.cells].slice(3, 5).map((one) => one.textContent.replace(/\\s/g, ' ')))"
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        now = browser.evaluate("agentPage.store.now")
        browser.evaluate(f"agentPage.view.zoom({now} - 50, {now} - 20)")
        browser.wait("document.querySelector('#panel-compare .note').textContent.startsWith('compares ')", "the times that are compared")
        browser.evaluate("document.querySelector('#compare-button').click()")
        browser.wait("document.querySelectorAll('#panel-compare tbody tr').length > 0", "changes")
        check("means over 5\u202fs" in text(browser, "#panel-compare .note"), f"the card says {text(browser, '#panel-compare .note')}")
        window = browser.evaluate("agentPage.view.window")
        changes = agent.get(f"/compare?a={window['from']:.3f}&b={window['to']:.3f}&window=5&limit=30")["changes"]
        cores = [[f"{one['before']:.2f}", f"{one['after']:.2f}"] for one in changes if one["unit"] == "cores" and one["state"] == "changed"]
        shown = browser.evaluate(rows)
        # Which changes are the largest is chance: there may be none of this unit.
        check(len(shown) == len(changes) and all(one in shown for one in cores), f"{cores} are not in {len(shown)} of {len(changes)}: {shown}")
        check_quiet(browser)


def test_compares_from_the_first_sample(browser):
    """A window that begins before the first sample is compared from that on, and the card says so."""
    with running("--demo", "--interval", "1", "--history", "600") as agent:
        load(browser, agent.port, "#range=6h")
        browser.wait("agentPage.view.first > agentPage.view.window.from", "the time of the first sample")
        browser.evaluate("document.querySelector('#compare-button').click()")
        browser.wait("document.querySelectorAll('#panel-compare tbody tr').length > 0", "changes")
        check_quiet(browser)


def test_events_that_no_sample_brought(browser):
    """Events of a time in which the page did not follow, and those beyond the number of one answer."""
    kinds = "agentPage.events.all.map((one) => one.kind)"
    with running("--demo", "--interval", "1", "--alert", "cpu.usage >= 0 for 6s") as agent:
        load(browser, agent.port, "#range=5m")
        browser.evaluate("agentPage.stream.controller.abort()")
        check("alert_firing" not in browser.evaluate(kinds), "the alert came too early for this test")
        until = time.monotonic() + 60
        while not agent.get("/events?kind=alert_firing")["events"]:
            check(time.monotonic() < until, "the alert does not fire")
            time.sleep(0.2)
        time.sleep(2)
        browser.evaluate("agentPage.stream.start()")
        browser.wait(f"{kinds}.includes('alert_firing')", "an event of the pause is loaded", seconds=20)
        # A window of which the newest 500 came, and an older one within it.
        browser.evaluate("""(() => { const real = fetch; const day = 86400;
            globalThis.asked = [];
            globalThis.fetch = async (url, ...rest) => {
              const question = new URL(url, location);
              if (!question.pathname.endsWith('/events')) return real(url, ...rest);
              const [from, to] = ['from', 'to'].map((name) => Number(question.searchParams.get(name)));
              asked.push([from, to]);
              const events = Array.from({ length: 500 }, (_, index) => ({ time: new Date((to - index) * 1000).toISOString(), kind: 'gap', severity: 'info', subject: `${to}`, text: 'x' }));
              return new Response(JSON.stringify({ events, truncated: true }));
            };
            agentPage.events.show(10 * day, 20 * day).then(() => agentPage.events.show(11 * day, 12 * day)); })()""")
        browser.wait("agentPage.events.within(10.5 * 86400, 12.5 * 86400).marks.length > 400", "the older window is asked for on its own")
        check(browser.evaluate("agentPage.events.isCut(11 * 86400 - 43200)"), "that there are more is not known")
        for day in (100, 200, 300, 400, 500, 50):
            browser.evaluate(f"agentPage.events.show({day} * 86400, {day + 1} * 86400)")
            check(browser.evaluate(f"agentPage.events.within({day} * 86400, {day + 2} * 86400).marks.length") >= 499, f"the events of day {day} are dropped for others")


def test_saves_charts_and_tables(browser):
    catch = """globalThis.saved = []; globalThis.pictures = [];
        const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => saved.push({ type: blob.type, size: blob.size, text })); return make.call(URL, blob); };
        const toBlob = HTMLCanvasElement.prototype.toBlob; HTMLCanvasElement.prototype.toBlob = function (...all) { pictures.push([this.width, this.height]); return toBlob.apply(this, all); };
        const click = HTMLAnchorElement.prototype.click; globalThis.names = []; HTMLAnchorElement.prototype.click = function () { if (this.download) names.push(this.download); else click.call(this); };"""
    press = "(() => { saved.length = 0; names.length = 0; pictures.length = 0; [...document.querySelectorAll(%r)].filter((one) => one.textContent === %r)[0].click(); })()"
    with running("--demo", "--interval", "1") as agent:
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=catch)
        browser.size(1280, 4000)
        load(browser, agent.port, "#range=5m")
        browser.wait("agentPage.store.base.length + agentPage.store.tail.length > 100 && document.querySelectorAll('#panel-workloads tbody tr').length > 3", "history")
        # One each for every CPU of the map, too, with the agent's values.
        browser.evaluate(press % ("#panel-cpu figure:nth-of-type(2) .save", "CSV"))
        file = browser.wait("saved[0]")
        lines = file["text"].splitlines()
        head = lines[0].replace('""', '"').split('","') if '"' in lines[0] else lines[0].split(",")
        check(head[0].startswith("time") and len(lines[1].split(",")) == 1 + len(agent.get("/metrics/latest")["cpu"]["per_core"]), f"columns of the map: {lines[:2]}")
        at, first = lines[-1].split(",")[:2]
        sample = agent.get(f"/metrics/at?time={at}")
        check(abs(sample["cpu"]["per_core"][0]["usage"] - float(first)) < 0.001, f"{lines[-1][:60]} is not {sample['cpu']['per_core'][0]}")
        for number in (0, 1):
            browser.evaluate(press % (f".tile[aria-label='GPU {number}'] .save", "CSV"))
            browser.wait("saved.length > 0")
            check(browser.evaluate("names") == [f"gpu-{number}.csv"], f"the file of GPU {number} is {browser.evaluate('names')}")
        # The names of many lines take further rows of the picture.
        browser.evaluate(press % ("#panel-filesystems .save", "PNG"))
        browser.wait("saved.length > 0 && saved[0].type === 'image/png'")
        few = browser.evaluate("pictures[0]")
        sample = agent.get("/metrics/latest")
        sample["filesystems"] = [{**sample["filesystems"][0], "mountpoint": f"/srv/a-rather-long-name-{number}"} for number in range(20)]
        feed(browser, sample, 1)
        browser.evaluate(press % ("#panel-filesystems .save", "PNG"))
        browser.wait("saved.length > 0 && saved[0].type === 'image/png'")
        many = browser.evaluate("pictures[0]")
        check(many[0] == few[0] and many[1] > few[1] + 60, f"twenty names in {many}, few in {few}")
        # A table as it is shown.
        browser.evaluate(press % ("#panel-workloads .table:not([hidden]) .save", "CSV"))
        lines = browser.wait("saved[0]")["text"].splitlines()
        shown = browser.evaluate("document.querySelectorAll('#panel-workloads .table:not([hidden]) tbody tr').length")
        check(len(lines) == 1 + shown and lines[0].startswith("Name,Kind,User,CPU,"), f"{len(lines)} lines for {shown} rows: {lines[:2]}")
        check_quiet(browser)


def test_waste_is_of_the_shown_window(browser):
    """The card has the values of the window, also in the past, where no sample comes that would draw it."""
    rows = "[...document.querySelectorAll('#panel-waste tbody tr')].map((row) => [...row.cells].map((one) => one.textContent))"

    def check_window(by):
        window = browser.evaluate("agentPage.view.window")
        entries = agent.get(f"/waste?from={window['from']:.3f}&to={window['to']:.3f}&by={by}&limit=20")["entries"]
        told = [[one["name"], f"{one['gpu_held_seconds'] / 3600:.2f}\u202fh"] for one in entries if one.get("gpu_held_seconds")]
        check(told, "nothing is held in the window")
        browser.wait(f"JSON.stringify({json.dumps(told)}) === JSON.stringify({rows}.map((cells) => [cells[0], cells[3]]).filter(([, held]) => held.endsWith('h')))",
                     f"{told} by {by} of {window}")

    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        browser.wait("document.querySelectorAll('#panel-waste tbody tr').length > 0", "the card is there")
        now = browser.evaluate("agentPage.store.now")
        for begin, end in ((280, 240), (200, 60), (120, 30)):
            browser.evaluate(f"agentPage.view.zoom({now - begin}, {now - end})")
            check_window("workload")
        # A window that is left before its answer comes.
        browser.evaluate(f"agentPage.view.zoom({now - 250}, {now - 150})")
        browser.wait("agentPage.view.moment !== null", "the past")
        browser.evaluate(f"agentPage.view.zoom({now - 260}, {now - 60})")
        check_window("workload")
        browser.evaluate("((choice) => { choice.value = 'user'; choice.dispatchEvent(new Event('change')); })(document.querySelector('#panel-waste select'))")
        check_window("user")
        check_quiet(browser)


def test_all_begins_with_the_oldest_sample(browser):
    with running("--demo", "--interval", "30") as agent:
        load(browser, agent.port, "#range=all")
        first = agent.get("/metrics/history?from=0&step=30&metrics=cpu.usage")["timestamps"][0]
        browser.wait("agentPage.view.first > 0", "the time of the oldest sample")
        begin = browser.evaluate("agentPage.view.window.from")
        check(first - 200 < begin <= first, f"the range 'all' begins {begin - first} s after the oldest sample")
        # Also when it is asked for before a sample has come.
        begin = browser.evaluate("new agentPage.store.constructor(() => {}, () => {}).extent()")
        check(first - 200 < begin <= first, f"without samples, the oldest one is {begin - first} s late")


def test_touch(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.size(360, 740, scale=2, is_phone=True)
        load(browser, agent.port, "#range=5m")
        x, y = point(browser, 0.5)

        def touch(kind, *places):
            browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": px, "y": y, "id": n} for n, px in enumerate(places)])

        touch("touchStart", x)
        for step in range(1, 9):
            touch("touchMove", x + step * 10)
        touch("touchEnd")
        browser.wait("agentPage.view.to !== null", "one finger pans")
        touch("touchStart", x - 20, x + 20)
        for step in range(1, 9):
            touch("touchMove", x - 20 - step * 5, x + 20 + step * 5)
        touch("touchEnd")
        browser.wait("agentPage.view.length < 200", "two fingers zoom")
        browser.size(1280, 900)
        check_quiet(browser)


def test_travels_to_the_past(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        # The demo machine has a past.
        moment = browser.evaluate("agentPage.store.now - 60")
        browser.evaluate(f"agentPage.view.zoom({moment} - 8, {moment} + 12)")
        browser.wait(f"agentPage.store.nearest({moment}) === {moment}", "its figures come")
        x, y = point(browser, 8 / 20)
        browser.click(x, y)
        browser.wait("document.body.dataset.past === 'true'", "a click travels")
        at = browser.evaluate("agentPage.view.at")
        check(abs(at - moment) <= 1, f"{at} is not where was clicked, {moment}")
        sample = agent.get(f"/metrics/at?time={at}")
        browser.wait(f"document.querySelector('#moment').dataset.time === '{sample['timestamp']}'", "the panels show that moment")
        percent = sample["cpu"]["usage"] * 100
        told = f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"
        check(text(browser, "#panel-cpu .big") == told, f"CPU {text(browser, '#panel-cpu .big')} is not {told}")
        rows = browser.evaluate("[...document.querySelectorAll('#panel-processes tbody tr')].map((row) => row.firstChild.textContent)")
        check(set(rows) >= {str(one["pid"]) for one in sample["processes"]["top"]}, f"the processes of then are not {rows}")
        wait_for_address = "location.hash.includes('&at=')"
        browser.wait(wait_for_address, "the address tells the moment")
        address = browser.evaluate("location.href")
        # It stays that moment while new samples come.
        browser.wait(f"agentPage.store.now > {browser.evaluate('agentPage.store.now')} + 1", "samples come on")
        check(browser.evaluate("document.querySelector('#moment').dataset.time") == sample["timestamp"], "the moment moved")
        browser.key("ArrowRight")
        browser.wait(f"agentPage.view.at === {at} + 1", "→ is the next moment")
        browser.key("ArrowLeft")
        browser.key("ArrowLeft")
        browser.wait(f"agentPage.view.at === {at} - 1", "← is the moment before")
        # A colleague opens the address.
        browser.open(address)
        browser.wait(PAGE + f"document.querySelector('#moment')?.dataset.time === '{sample['timestamp']}'", "the address leads to that moment")
        check(text(browser, "#panel-cpu .big") == told, "the address leads to other figures")
        browser.evaluate("document.querySelector('#live').click()")
        browser.wait(f"document.querySelector('#moment').dataset.time > '{sample['timestamp']}' && !document.body.dataset.past", "live returns")
        browser.open(f"http://127.0.0.1:{agent.port}/ui/#at=2001-01-01T00:00:00Z")
        browser.wait(PAGE + "!document.querySelector('#banner').hidden", "a moment of which nothing is stored is told")
        told = browser.complaints()
        check(all("404" in one for one in told), f"the console tells: {told}")


def test_a_time_in_a_gap(browser):
    """Where the newest sample before the shown time is an old one, the page says of when its values are."""
    folder = tempfile.mkdtemp(prefix="page-test-gap-")
    try:
        database = os.path.join(folder, "history.db")
        with running("--interval", "1", "--db", database) as agent:
            load(browser, agent.port, "#range=5m")
            browser.wait("agentPage.store.tail.length >= 4", "samples come")
            last = agent.get("/metrics/latest")["timestamp"]
            port = agent.port
        time.sleep(8)
        with running("--interval", "1", "--db", database, port=port) as agent:
            browser.wait("document.querySelector('#state').dataset.state === 'live'", "it comes back")
            last = browser.evaluate(f"Date.parse({last!r}) / 1000")
            browser.evaluate(f"agentPage.view.travel({last} + 6)")
            browser.wait("/^No data stored for that time. The values are those of \\d/.test(document.querySelector('#banner').textContent)", "the page says of when its values are")
            browser.evaluate(f"agentPage.view.travel({last} - 1)")
            browser.wait("document.querySelector('#banner').hidden", "a time with a sample has no remark")
    finally:
        shutil.rmtree(folder)


def test_a_time_without_data(browser):
    """No value of another time stays: neither reasons nor rows, and each empty table says why."""
    def shown(selector):
        return browser.evaluate(f"[...document.querySelectorAll({selector!r})].filter((one) => one.checkVisibility()).map((one) => one.textContent)")

    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port, "#range=5m")
        browser.wait("document.querySelectorAll('#panel-workloads tbody tr').length > 0 && agentPage.store.tail.length > 2", "workloads are shown")
        # A reason and an alert, whatever the demo machine does meanwhile.
        browser.evaluate("for (const node of document.querySelectorAll('.alerts, .alerts ul')) node.hidden = false")
        browser.evaluate("agentPage.view.zoom(978307200, 978307500)")
        browser.wait("document.body.dataset.absent === 'true'", "no data of that time")
        check(not shown(".alerts"), "the reasons of another time stay")
        for panel in ("workloads", "processes"):
            check(not shown(f"#panel-{panel} tbody tr"), f"rows of another time in {panel}")
            told = shown(f"#panel-{panel} .absent-note")
            check(told == ["No data stored for that time."], f"{panel} says {told}")
        told = shown("#panel-events .body .note")
        check(told == ["No events in this time."], f"the events say {told}")
        browser.evaluate("document.querySelector('#compare-button').click()")
        browser.wait("document.querySelector('#panel-compare .head .note').textContent.includes('No data stored for that time.')", "the comparison says why it has none")
        check(browser.evaluate("getComputedStyle(document.querySelector('#panel-compare .head .note')).visibility") == "visible", "the reason is hidden")
        browser.key("l")
        browser.wait("!document.body.dataset.absent", "the present has data")
        check(shown("#panel-workloads tbody tr") and not shown(".absent-note"), "rows come back")
        told = browser.complaints()
        check(all("404" in one for one in told), f"the console tells: {told}")
        # The reasons of a window name the time of the worst sample.
        now = browser.evaluate("agentPage.store.now")
        if agent.get(f"/why?from={now - 250}&to={now - 5}")["reasons"]:
            browser.evaluate(f"agentPage.view.zoom({now - 250}, {now - 5})")
            browser.wait("document.querySelector('.alerts ul:last-child small')?.textContent.startsWith('worst at ')", "a reason has its time")


def test_lists_events(browser):
    """The events of the window; the time of one shows that time in every panel."""
    rows = "document.querySelectorAll('#panel-events tbody tr')"
    with running("--demo") as agent:
        load(browser, agent.port, "#range=6h")
        browser.wait(f"{rows}.length > 5", "the events are listed")
        told = agent.get("/events?limit=3")["events"]
        check(len(told) == 3 and told[0]["kind"] in ("throttle_begin", "throttle_end"), f"no events of the demo: {told}")
        # The numbers beside the map of CPUs keep their color below marks of events.
        browser.evaluate("globalThis.inks = {}; ((draw) => { CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) { inks[text] = this.fillStyle; return draw.call(this, text, ...rest); }; })(CanvasRenderingContext2D.prototype.fillText)")
        browser.evaluate("document.querySelector('#panel-cpu').scrollIntoView(); agentPage.drawAll()")
        inks = browser.wait("inks['127'] && inks['100%'] && inks")
        check(inks["127"] == inks["100%"], f"the numbers of CPUs are {inks['127']}, those of axes {inks['100%']}")
        # New ones would move the rows.
        at = browser.evaluate(f"{rows}[2].querySelector('button').click(), agentPage.view.at")
        time_of_it = agent.get(f"/metrics/at?time={at}")["timestamp"]
        check(any(one["time"] == time_of_it for one in agent.get("/events?limit=20")["events"]), f"{time_of_it} is no event's time")
        browser.wait(f"document.querySelector('#moment').dataset.time === '{time_of_it}'", "the panels show that time")
        check_quiet(browser)


def test_a_cut_loses_nothing(browser):
    with running("--demo", "--interval", "30") as agent:
        wire = Wire(agent.port)
        load(browser, wire.port)
        # What was read before somebody watched lies as far apart as the agent's interval; from here on it is a second.
        last_two = "(({ times, length }) => length > 2 && times[length - 1] - times[length - 2] === 1 && times[length - 1])(agentPage.store.tail)"
        watched = browser.wait(last_two, "a second between two samples")
        wire.cut()
        browser.wait("document.querySelector('#state').dataset.state === 'lost' && document.body.dataset.stale === 'true'", "the loss is told")
        browser.wait("/[4-9]\\s*s/.test(document.querySelector('#state').textContent)", "the age of what is shown is told")
        check(browser.evaluate("document.title.startsWith('⚠')"), "the title tells the loss")
        wire.mend()
        browser.wait("document.querySelector('#state').dataset.state === 'live' && !document.body.dataset.stale", "it comes back by itself")
        back = browser.evaluate("agentPage.store.now")
        browser.wait(f"agentPage.store.now > {back} + 2", "samples come again")
        times = "[...agentPage.store.tail.times.slice(0, agentPage.store.tail.length)]"
        browser.wait(f"{times}.filter((time) => time >= {watched}).every((time, index) => time === {watched} + index)", "no second is missing")
        check_quiet(browser, is_cut=True)


def test_survives_a_restart(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 4", "samples come")
        known = browser.evaluate("[...agentPage.store.tail.times.slice(0, agentPage.store.tail.length)]")
        agent.kill()
        browser.wait("document.querySelector('#state').dataset.state === 'lost'", "the loss is told")
        begun = time.time()
        with running("--demo", "--interval", "1", port=agent.port) as again:
            browser.wait("document.querySelector('#state').dataset.state === 'live'", "it comes back by itself")
            browser.wait("agentPage.store.tail.length >= 8", "samples come again")
            newest = browser.evaluate("agentPage.store.now")
            told = again.get(f"/metrics/history?from=0&to={newest}&step=1&metrics=cpu.usage")
            # The demo machine that begins anew makes a past of its own; what it read since it began counts.
            wanted = known + [time for time, value in zip(told["timestamps"], told["series"]["cpu.usage"]) if value is not None and time >= begun]
            browser.wait(f"{wanted}.every((time) => agentPage.store.nearest(time) === time)", "every moment of before and after is there")
            # Another range is asked of an agent that has forgotten the first part: it stays.
            browser.evaluate("agentPage.view.choose(900)")
            time.sleep(0.5)
            browser.wait(f"{wanted}.every((time) => agentPage.store.nearest(time) === time)", "they stay when another range is chosen")
            check_quiet(browser, is_cut=True)


def test_shows_names_as_text(browser):
    name = "<img src=x onerror=alert(1)>"
    folder = machine_with_process_named(name)
    try:
        with running("--root", folder, "--interval", "1") as agent:
            load(browser, agent.port)
            browser.wait(f"[...document.querySelectorAll('#panel-processes tbody td')].some((cell) => cell.textContent === {name!r})",
                         "the name is shown as it is")
            check(browser.evaluate("document.querySelectorAll('main img, main script').length") == 0, "the name became an element")
            check(browser.evaluate("!document.querySelector('#panel-gpu') || document.querySelector('#panel-gpu').hidden"),
                  "there is a panel of GPUs without a GPU")
            check_quiet(browser)
    finally:
        shutil.rmtree(folder)


def test_process_table(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        column = "[...document.querySelectorAll('#panel-processes tbody tr')].map((row) => row.children[{}].textContent)"
        browser.key("/")
        browser.wait("document.activeElement.type === 'search'", "the key / leads to the filter")
        browser.call("Input.insertText", text="vllm")
        browser.wait(f"(() => {{ const names = {column.format(1)}; return names.length === 1 && names[0].startsWith('vllm serve llama-70b '); }})()", "the filter finds a process")
        browser.evaluate("(() => { const field = document.activeElement; field.value = ''; field.dispatchEvent(new Event('input')); field.blur(); })()")
        browser.evaluate("[...document.querySelectorAll('.sort')].find((one) => one.textContent === 'PID').click()")
        browser.wait(f"(() => {{ const all = {column.format(0)}.map(Number); return all.length > 5 && all.every((pid, i) => i === 0 || pid > all[i - 1]); }})()", "the head of a column orders by it")
        check(browser.evaluate("document.querySelector('#panel-processes th[aria-sort]').ariaSort") == "ascending", "the order is told")
        browser.evaluate("[...document.querySelectorAll('#panel-processes .tools button')].at(-1).click()")
        # Processes come and go meanwhile.
        until = time.monotonic() + 60
        while browser.evaluate(f"{column.format(0)}.length") != len(agent.get("/processes")["processes"]):
            check(time.monotonic() < until, "all processes are shown")
            time.sleep(0.2)
        check_quiet(browser)


def widths(browser, width):
    """Nothing reaches out of the page, of its card or of its own place."""
    check(browser.evaluate("document.documentElement.scrollWidth") <= width, f"the page is wider than {width}")
    broken = browser.evaluate("""[...document.querySelectorAll('.figures dd, .figure, .cell strong, .head strong, button, .pill, .key b')]
        .filter((node) => node.checkVisibility() && node.getClientRects().length > 0).filter((node) => {
          const [box, card] = [node.getBoundingClientRect(), (node.closest('.tile, .card, .cell, header') ?? document.body).getBoundingClientRect()];
          return node.closest('.segments, .table') ? false : box.right > card.right + 1 || box.left < card.left - 1 || node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== 'inline';
        }).map((node) => `${node.parentElement.className} ${node.textContent}`)""")
    check(not broken, f"at {width}: {broken[:5]}")
    lines = browser.evaluate("""[...document.querySelectorAll('.tile .figure, .figures dd')].filter((node) => node.getClientRects().length > 0)
        .filter((node) => node.getBoundingClientRect().height > parseFloat(getComputedStyle(node).lineHeight) * 1.6).map((node) => node.textContent)""")
    check(not lines, f"at {width} figures break: {lines[:5]}")


def test_accessible_in_every_dress(browser):
    with running("--demo", "--interval", "1") as agent:
        shades = {}
        for scheme in ("light", "dark"):
            browser.media(prefers_color_scheme=scheme)
            for width, height in ((360, 740), (1280, 900), (1920, 1080), (3840, 2160)):
                browser.size(width, height, is_phone=width < 600)
                load(browser, agent.port)
                browser.wait("agentPage.store.tail.length >= 2 && document.querySelectorAll('.tile').length === 8", "all is there")
                time.sleep(0.3)
                widths(browser, width)
                broken = browser.evaluate(ACCESSIBILITY)
                check(not broken, f"{scheme} at {width}: {broken[:8]}")
                if SCREENSHOTS:
                    browser.screenshot(os.path.join(SCREENSHOTS, f"{scheme}-{width}.png"), is_whole=True)
            shades[scheme] = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        check(shades["light"] != shades["dark"], f"light and dark are both {shades}")
        browser.size(1280, 900)
        # By choice, whatever the system prefers; and remembered.
        for choice, shade in (("light", shades["light"]), ("dark", shades["dark"]), ("", shades["dark"])):
            browser.key("t")
            browser.wait(f"(document.documentElement.dataset.theme ?? '') === '{choice}'", f"the theme {choice}")
            check(browser.evaluate("getComputedStyle(document.body).backgroundColor") == shade, f"the theme {choice} has another colour")
        # In the past, and with the connection lost.
        browser.wait("agentPage.store.tail.length >= 2", "a past")
        browser.key("ArrowLeft")
        browser.wait("document.body.dataset.past === 'true'", "the past")
        time.sleep(0.3)
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"in the past: {broken[:8]}")
        if SCREENSHOTS:
            browser.screenshot(os.path.join(SCREENSHOTS, "past.png"), is_whole=True)
        browser.key("l")
        agent.kill()
        browser.wait("document.body.dataset.stale === 'true'", "the loss")
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"connection lost: {broken[:8]}")
        if SCREENSHOTS:
            browser.screenshot(os.path.join(SCREENSHOTS, "lost.png"), is_whole=True)
        check_quiet(browser, is_cut=True)
        browser.media(prefers_color_scheme="light")


def test_keyboard_alone(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.size(1280, 900)
        load(browser, agent.port)
        browser.evaluate("document.activeElement.blur()")
        reached = []
        for _ in range(80):
            for kind in ("keyDown", "keyUp"):
                browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
            one = browser.evaluate("""(() => { const node = document.activeElement; if (node === document.body) return null;
                const box = node.getBoundingClientRect();
                return [node.id || node.className || node.textContent, box.width > 0 && box.height > 0, getComputedStyle(node).outlineStyle]; })()""")
            if one is None:
                break
            reached.append(one)
        names = [name for name, _, _ in reached]
        for wanted in ("skip", "earlier", "later", "live", "theme", "language", "help-button"):
            check(wanted in names, f"Tab does not reach {wanted}: {names}")
        check(all(is_seen and outline != "none" for _, is_seen, outline in reached), f"the focus is not seen: {reached}")
        browser.key("?")
        browser.wait("document.querySelector('#help').open", "? shows the keys")
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape", windowsVirtualKeyCode=27)
        browser.wait("!document.querySelector('#help').open", "Esc closes them")
        browser.key("1")
        browser.wait("agentPage.view.span === 300", "the key 1 is five minutes")
        check_quiet(browser)


def test_japanese(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        keys = browser.evaluate("import('./text.js').then(({ strings }) => Object.entries(strings).filter(([, texts]) => texts.length !== 2"
                                " || !texts.every(Boolean) || (texts[0].match(/\\{\\d\\}/g) ?? []).sort().join() !== (texts[1].match(/\\{\\d\\}/g) ?? []).sort().join()).map(([key]) => key))")
        check(not keys, f"not in both languages: {keys}")
        browser.evaluate("document.querySelector('#language').click()")
        browser.wait("document.documentElement.lang === 'ja' && document.querySelector('#panel-processes h2').textContent === 'プロセス'", "Japanese")
        browser.wait("document.querySelector('#panel-cpu .plot canvas').width > 0 && document.querySelectorAll('.tile').length === 8", "the panels are there")
        check(browser.evaluate("!/undefined|NaN|\\[object/.test(document.body.innerText)"), "a text is missing")
        time.sleep(0.3)
        widths(browser, 1280)
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"Japanese: {broken[:8]}")
        load(browser, agent.port)
        check(browser.evaluate("document.documentElement.lang") == "ja", "the language is forgotten")
        browser.evaluate("document.querySelector('#language').click()")
        check(browser.evaluate("document.documentElement.lang") == "en", "there is no way back to English")
        check_quiet(browser)


def test_hidden_tab_draws_nothing(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.drawn.plots > 0", "something is drawn")
        browser.evaluate("(() => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });"
                         " document.dispatchEvent(new Event('visibilitychange')); agentPage.drawn.plots = 0; })()")
        title, count = browser.evaluate("document.querySelector('#moment').dataset.time"), browser.evaluate("agentPage.store.tail.length")
        browser.wait(f"agentPage.store.tail.length >= {count} + 3", "samples come on")
        check(browser.evaluate("agentPage.drawn.plots") == 0, "a hidden tab draws")
        check(browser.evaluate("document.querySelector('#moment').dataset.time") == title, "a hidden tab writes")
        browser.evaluate("(() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); })()")
        browser.wait(f"agentPage.drawn.plots > 0 && document.querySelector('#moment').dataset.time > '{title}'", "it goes on when it is seen")
        check_quiet(browser)


def test_many_visits_keep_no_stream(browser):
    with running("--demo", "--interval", "1") as agent:
        # A browser has six connections to a host, and keeps pages for the way back.
        for _ in range(8):
            begun = time.monotonic()
            load(browser, agent.port)
            check(time.monotonic() - begun < 20, "a page that was left keeps a connection")
        browser.evaluate("(() => { globalThis.isLeft = true; setTimeout(() => history.go(-2)); })()")
        browser.wait("!globalThis.isLeft && " + PAGE + READY, "the way back")
        count = browser.wait("agentPage.store.tail.length")
        browser.wait(f"agentPage.store.tail.length > {count}", "the page on the way back follows again")
        check_quiet(browser)


@contextlib.contextmanager
def locked(browser):
    """An agent with a token."""
    path = os.path.join(browser.profile, "token")
    with open(path, "w", encoding="ascii") as token:
        token.write(TOKEN + "\n")
    os.chmod(path, 0o600)
    with running("--demo", "--interval", "1", "--token-file", path) as agent:
        yield agent


TOKEN = "a-token-of-the-test"


def enter_token(tab, value, place=None):
    tab.wait(PAGE + "document.querySelector('#token').open", "the page asks for the token")
    if place:
        tab.evaluate(f"document.querySelector('#token input[value={place}]').click()")
    tab.evaluate("document.querySelector('#token-input').focus()")
    tab.call("Input.insertText", text=value)
    tab.evaluate("document.querySelector('#token-form button').click()")


def escape(tab):
    for kind in ("rawKeyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape", windowsVirtualKeyCode=27)


def check_only(browser, status):
    """Nothing in the console but responses of a status."""
    told = browser.complaints()
    check(all(status in one for one in told), f"the console tells: {told}")


def test_token(browser):
    with locked(browser) as agent:
        browser.open(f"http://127.0.0.1:{agent.port}/ui/")
        browser.wait(PAGE + "document.querySelector('#token').open", "the page asks for the token")
        browser.wait("document.querySelector('#state').dataset.state === 'locked'", "the page is locked")
        time.sleep(4.5)
        shown = browser.evaluate("document.body.innerText + document.title")
        check("Locked" in shown and "🔒" in shown, f"a locked page does not say so: {shown}")
        check(not any(word in shown.lower() for word in ("connecting", "connection", "cannot", "no data")), f"a locked page says {shown}")
        broken = browser.evaluate(ACCESSIBILITY)
        check(not broken, f"the form: {broken[:8]}")
        browser.call("Page.bringToFront")
        for _ in range(3):
            escape(browser)
        check(browser.evaluate("document.querySelector('#token').open"), "Esc loses the form")
        browser.evaluate("document.querySelector('#token').close()")
        browser.wait("document.querySelector('#token').open", "a form that was closed comes back")
        enter_token(browser, "wrong")
        browser.wait("document.querySelector('#token-note').textContent === 'Invalid token.'", "a wrong token is told")
        check(browser.evaluate("document.querySelector('#token').open"), "a wrong token closes the form")
        enter_token(browser, TOKEN)
        browser.wait(READY, "the page shows a sample")
        browser.wait("document.querySelector('#state').dataset.state === 'live' && !document.querySelector('#token').open", "it is live")
        check_only(browser, "401")


def test_token_is_remembered_as_chosen(browser):
    with locked(browser) as agent:
        stored = "[sessionStorage.getItem('token'), localStorage.getItem('token')]"
        for place, wanted in (("page", [None, None]), ("tab", [TOKEN, None]), ("browser", [None, TOKEN])):
            browser.open(f"http://127.0.0.1:{agent.port}/ui/")
            enter_token(browser, TOKEN, place)
            browser.wait(READY, f"{place}: the page shows a sample")
            check(browser.evaluate(stored) == wanted, f"{place}: {browser.evaluate(stored)} is kept")
            browser.open(f"http://127.0.0.1:{agent.port}/ui/")
            if place == "page":
                browser.wait(PAGE + "document.querySelector('#token').open", "a token that is not to be kept is kept")
                # What is entered in this tab opens a tab that waits, where it is stored for the browser.
                continue
            browser.wait(PAGE + READY, f"{place}: the token is forgotten")
            browser.evaluate("sessionStorage.clear()")
        other = browser.tab()
        load(other, agent.port)
        check(other.evaluate("!document.querySelector('#token').open"), "another tab does not have the browser's token")
        browser.evaluate("localStorage.clear()")
        for tab in (browser, other):
            tab.open(f"http://127.0.0.1:{agent.port}/ui/")
            tab.wait(PAGE + "document.querySelector('#token').open", "both tabs are locked")
        enter_token(browser, TOKEN, "browser")
        other.wait(READY, "the other tab opens with it")


def test_links_send_the_token(browser):
    with locked(browser) as agent:
        browser.open(f"http://127.0.0.1:{agent.port}/ui/")
        enter_token(browser, TOKEN)
        browser.wait(READY, "the page shows a sample")
        for index, member in enumerate(("timestamp", "interval_sec", "processes", "metrics")):
            before = {one["id"] for one in browser.targets()}
            browser.call("Runtime.evaluate", expression=f"document.querySelectorAll('#links a')[{index}].click()", userGesture=True)
            until = time.monotonic() + 20
            while not (found := [one for one in browser.targets() if one["id"] not in before and one["url"].startswith("blob:")]):
                check(time.monotonic() < until, f"link {index} leads nowhere")
                time.sleep(0.1)
            tab = Tab(found[0]["webSocketDebuggerUrl"])
            tab.wait("document.body?.innerText", "the tab holds a text")
            body = tab.evaluate("document.body.innerText")
            check(f'"{member}"' in body and '"error"' not in body, f"link {index} shows {body[:200]}")
    browser.call("Page.bringToFront")
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        check(browser.evaluate("[...document.querySelectorAll('#links a')].map((one) => new URL(one.href).pathname).join()")
              == "/metrics/latest,/metrics/history,/processes,/catalog", "without a token they are plain links")


def eight(browser, url, script=None):
    tabs = [browser] + [browser.tab() for _ in range(7)]
    for tab in tabs:
        if script:
            tab.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        tab.call("Page.navigate", url=url)
    return tabs


def test_eight_tabs(browser):
    with running("--demo", "--interval", "1") as agent:
        wire = Wire(agent.port)
        begun = time.monotonic()
        tabs = eight(browser, f"http://127.0.0.1:{wire.port}/ui/")
        # All but the last are hidden, and follow for a minute all the same.
        live = PAGE + "document.querySelector('#state').dataset.state === 'live' && document.querySelector('#panel-cpu:not([hidden])') && agentPage.store.tail.length >= 2"
        for number, tab in enumerate(tabs):
            tab.wait(live, f"tab {number} is live")
        print(f"     eight tabs live after {time.monotonic() - begun:.1f} s, {len(wire.streams)} streams")
        check(1 <= len(wire.streams) <= 2, f"{len(wire.streams)} streams for eight tabs")
        for number, tab in enumerate(tabs):
            status = tab.evaluate("Promise.race([fetch('../health').then((one) => one.status), new Promise((done) => setTimeout(done, 10000, 'late'))])")
            check(status == 200, f"tab {number}: a plain request is {status}")
        # The first tab, which began the stream, goes: the others do not notice.
        for tab in (tabs[1], tabs[2]):
            browser.close_tab(tab)
        browser.open("about:blank")
        for number, tab in enumerate(tabs[3:], 3):
            now = tab.evaluate("agentPage.store.now")
            tab.wait(f"agentPage.store.now >= {now} + 2", f"tab {number} goes on without the first")
            check(tab.evaluate("document.querySelector('#state').dataset.state") == "live", f"tab {number} is not live")
        check(len(wire.streams) == 1, f"{len(wire.streams)} streams after tabs were closed")
        for tab in tabs[3:]:
            tab.call("Page.navigate", url="about:blank")
        # On a loaded machine a tab's last message may be lost: the worker drops one that is silent for 200 s, every 30 s.
        until = time.monotonic() + 240
        while wire.streams:
            check(time.monotonic() < until, "a stream outlives its tabs")
            time.sleep(0.1)


def test_a_lost_worker_is_replaced(browser):
    """A worker that ended leaves the tab without samples: it connects anew."""
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 2", "samples come")
        check(browser.evaluate("!agentPage.stream.isAlone"), "the tab has a connection of its own")
        browser.evaluate("(() => { agentPage.stream.shared.port.close(); agentPage.stream.beat(); })()")
        now = browser.evaluate("agentPage.store.now")
        browser.wait(f"agentPage.store.now >= {now} + 2", "samples come again")


def test_eight_tabs_without_a_shared_worker(browser):
    """Each tab has a connection of its own; those that are hidden let go of it."""
    script = ("delete globalThis.SharedWorker; globalThis.seen = location.hash === '#seen';"
              "Object.defineProperty(document, 'hidden', { get: () => !globalThis.seen });")
    with running("--demo", "--interval", "1") as agent:
        wire = Wire(agent.port)
        url = f"http://127.0.0.1:{wire.port}/ui/"
        tabs = eight(browser, url, script)
        for number, tab in enumerate(tabs):
            tab.wait(PAGE + "/%/.test(document.title)", f"tab {number} tells the load in its title")
        check(not wire.streams, f"{len(wire.streams)} streams for hidden tabs")
        for number, tab in enumerate(tabs):
            tab.call("Page.bringToFront")
            tab.evaluate("(() => { globalThis.seen = true; document.dispatchEvent(new Event('visibilitychange')); })()")
            tab.wait("document.querySelector('#state').dataset.state === 'live'", f"tab {number} is live when it is seen")
            tab.evaluate("(() => { globalThis.seen = false; document.dispatchEvent(new Event('visibilitychange')); })()")
        until = time.monotonic() + 20
        while wire.streams:
            check(time.monotonic() < until, f"{len(wire.streams)} streams for hidden tabs")
            time.sleep(0.1)


def test_tells_a_hung_agent(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 3 && document.querySelector('#state').dataset.state === 'live'", "samples come")
        os.kill(agent.process.pid, signal.SIGSTOP)
        try:
            # Far sooner than a connection's end, of which a stopped process has none.
            begun = time.monotonic()
            browser.wait("document.querySelector('#state').dataset.state === 'lost'", "silence is told", seconds=15)
            print(f"     told after {time.monotonic() - begun:.1f} s")
            missing = browser.evaluate("performance.now() - agentPage.heardAt()") / 1000
            check(missing >= 3, f"told after {missing:.1f} s without a sample, before three are missing")
            check(browser.evaluate("/^No data for \\d+/.test(document.querySelector('#state').textContent)"), text(browser, "#state"))
            check(browser.evaluate("document.title.startsWith('⚠') && document.body.dataset.stale === 'true'"), "the title and the panels tell")
            check(text(browser, "#announcement") == "The agent does not respond", "it is announced")
        finally:
            os.kill(agent.process.pid, signal.SIGCONT)
        browser.wait("document.querySelector('#state').dataset.state === 'live' && !document.body.dataset.stale", "it comes back by itself")
        check_quiet(browser)


def test_header(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.call("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
        load(browser, agent.port, "#range=5m")
        browser.wait("document.querySelector('#state').dataset.state === 'live'", "it is live")
        check(browser.evaluate("document.querySelectorAll('#live #state').length === 1 && document.querySelector('#live').tagName === 'BUTTON'"),
              "the state and the way to live are not one control")
        check(text(browser, "#live") == "Live" and browser.evaluate("document.querySelector('#live').ariaPressed === 'true'"), "live")
        # The clock is no live region, nor inside one.
        check(browser.evaluate("!document.querySelector('#moment').closest('[aria-live], [role=status], [role=alert], [role=log], [role=timer], output')"),
              "the clock is a live region")
        check(text(browser, "#zone") == "GMT+9", f"the time zone is {text(browser, '#zone')}")
        check(browser.evaluate("document.body.innerText.split('GMT').length === 2"), "the time zone is not told once")
        hour = time.gmtime(browser.evaluate("agentPage.store.now") + 9 * 3600)
        check(f"{(hour.tm_hour + 11) % 12 + 1:02}:{hour.tm_min:02}" in text(browser, "#moment"), "a time of today has a date")
        now = browser.evaluate("agentPage.store.now")
        browser.evaluate(f"agentPage.view.travel({now} - 2 * 86400)")
        day = time.gmtime(now - 2 * 86400 + 9 * 3600)
        browser.wait(f"document.querySelector('#moment').textContent.startsWith('{time.strftime('%b', day)} {day.tm_mday}')", "another day is told")
        check(text(browser, "#live") == "Back to live", "the way back to live")
        browser.evaluate(f"agentPage.view.travel({now} - 800 * 86400)")
        year = time.gmtime(now - 800 * 86400 + 9 * 3600).tm_year
        browser.wait(f"document.querySelector('#moment').textContent.includes('{year}')", "another year is told")
        browser.wait("!document.querySelector('#banner').hidden", "no data is told")
        check(not browser.evaluate("[...document.querySelectorAll('.cell strong, .big, .key b, td')].some((one) => one.checkVisibility({ checkVisibilityCSS: true }) && /\\d/.test(one.textContent))"),
              "values of another time are shown")
        browser.evaluate("document.querySelector('#live').click()")
        browser.wait("document.querySelector('#live').textContent === 'Live'", "live again")
        check_only(browser, "404")
        browser.call("Emulation.setTimezoneOverride", timezoneId="")


def feed(browser, sample, seconds):
    """Gives the page a sample that the test made, as if it had come so many seconds after the first."""
    browser.evaluate(f"""(() => {{ agentPage.stream.controller.abort(); const sample = {json.dumps(sample)};
        globalThis.fedAt ??= agentPage.store.now;
        sample.timestamp = new Date((globalThis.fedAt + {seconds}) * 1000).toISOString(); agentPage.stream.onsample(sample, true); }})()""")


def test_a_source_that_succeeds_is_not_failed(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 2 && document.querySelectorAll('.card:not([hidden])').length > 9", "all panels are filled")
        sample = agent.get("/metrics/latest")
        names = ("cpu", "memory", "host", "pressure", "gpu", "network", "disk", "filesystem", "sensors", "processes")
        notes = "[...document.querySelectorAll('.stale-note:not([hidden]), .tile .chip.warn')].map((node) => node.textContent).filter((text) => /old|read|answer/.test(text))"

        def ages(age, success=True, **more):
            sample["agent"]["sources"] = [{"source": one, "duration_seconds": 0.01, "success": success, "age_seconds": age, **more} for one in names]
            for gpu in sample["gpus"]:
                gpu["age_seconds"] = age

        # Read every 30 s, and shown every second.
        for second in range(1, 95):
            ages((second - 1) % 31)
            feed(browser, sample, second)
            told = browser.evaluate(notes)
            check(not told, f"after {second} s: {told[:3]}")
        # Three of its own intervals later it is old, and still not failed.
        ages(100)
        feed(browser, sample, 200)
        told = browser.evaluate(notes)
        check(len(told) >= 8 and all(one == "data 1 min 40 s old".replace(" min", "\u202fmin").replace(" s ", "\u202fs ") for one in told), f"old data: {told[:3]}")
        ages(0, success=False)
        feed(browser, sample, 201)
        told = browser.evaluate(notes)
        check("cannot be read" in told, f"a failure: {told[:3]}")
        ages(0, success=False, error="nvidia: no answer for 12 s")
        feed(browser, sample, 202)
        check("nvidia: no answer for 12 s" in browser.evaluate(notes), "the error of a source")


def test_shows_what_a_gpu_needs(browser):
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("document.querySelectorAll('.tile').length === 8", "the tiles")
        # The GPUs come first.
        check(browser.evaluate("document.querySelector('.card:not([hidden])').id") == "panel-gpu", "the GPUs are not the first panel")
        check(text(browser, ".cell:not([hidden]) .label") == "GPU", "the GPUs are not the first cells")
        sample = agent.get("/metrics/latest")
        sample["gpus"][3].update({"recovery_action": "Drain and Reset", "xid": 79, "ecc_uncorrected_total": 2, "throttle_reasons": "hw_thermal"})
        sample["gpus"][4]["recovery_action"] = "None"
        feed(browser, sample, 1)
        chips = browser.evaluate("[...document.querySelectorAll('.tile')].map((tile) => [...tile.querySelectorAll('.chip')].map((chip) => chip.textContent))")
        check(set(chips[3]) == {"Recovery: Drain and Reset", "Xid 79", "2 ECC uncorrected", "Throttled: temperature (hardware)"}, f"{chips[3]}")
        check(not any("Recovery" in one for one in chips[4]), f"{chips[4]}")


def test_says_how_many_lines_a_chart_leaves_out(browser):
    """Twenty-four lines can be told apart; of the filesystems, the fullest are drawn."""
    shown = """(() => {{ const chart = [...document.querySelectorAll('#panel-{0} figure.chart')].find((one) => one.querySelectorAll('.legend .key').length > 1);
        return {{ keys: chart.querySelectorAll('.legend .key').length, first: chart.querySelector('.legend .key span').textContent,
          left: chart.querySelector('figcaption > .note').textContent }}; }})()"""
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        browser.wait("agentPage.store.tail.length >= 2 && document.querySelectorAll('.card:not([hidden])').length > 9", "all panels are filled")
        sample = agent.get("/metrics/latest")
        one = sample["filesystems"][0]
        few = sample["filesystems"]
        sample["filesystems"] = [{**one, "mountpoint": f"/data/{number}", "usage": number / 100} for number in range(40)]
        feed(browser, sample, 1)
        told = browser.evaluate(shown.format("filesystems"))
        check(told == {"keys": 24, "first": "/data/39", "left": "16 more"}, f"of 40 filesystems: {told}")
        sample["filesystems"] = few
        feed(browser, sample, 2)
        left = browser.evaluate("[...document.querySelectorAll('figcaption > .note')].map((one) => one.textContent).filter(Boolean)")
        check(not left, f"of {len(few)} filesystems: {left}")
        check_quiet(browser)


def test_one_moment_has_one_value(browser):
    """Overview, panels, legends, tables and accessible names show the values of one sample, rounded alike."""
    same = """(() => {
      const broken = [];
      const clean = (text) => text?.replace(/\\s+/g, ' ').trim();
      const pair = (name, a, b) => { if (a === undefined || clean(a) !== clean(b)) broken.push(`${name}: ${a} and ${b}`); };
      const cell = (label) => [...document.querySelectorAll('.cell')].find((one) => one.querySelector('.label').textContent === label);
      const legend = (node, index) => node.querySelectorAll('.key b')[index]?.textContent;
      pair('CPU', cell('CPU').querySelector('strong').textContent, document.querySelector('#panel-cpu .big').textContent);
      pair('memory', cell('Memory').querySelector('strong').textContent, document.querySelector('#panel-memory .big').textContent);
      pair('load', cell('Load').querySelector('strong').textContent, legend(document.querySelector('#panel-system'), 0));
      for (const tile of document.querySelectorAll('.tile')) {
        pair(tile.ariaLabel, tile.querySelector('.head strong').textContent, legend(tile, 0));
        const celsius = [...tile.querySelectorAll('.figures div')].find((one) => one.firstChild.textContent === 'Temperature').lastChild.textContent;
        const number = Number(tile.ariaLabel.slice(4));
        pair(`${tile.ariaLabel} temperature`, celsius, legend(document.querySelectorAll('.trio .chart')[0], number));
        const label = tile.querySelector('canvas').ariaLabel;
        if (!label.includes(tile.querySelector('.head strong').textContent)) broken.push(`${label} has another value`);
      }
      return broken;
    })()"""
    with running("--demo", "--interval", "30") as agent:
        browser.size(1280, 4000)
        load(browser, agent.port, "#range=6h")
        browser.wait("agentPage.store.tail.length >= 3 && document.querySelectorAll('.tile').length === 8 && agentPage.store.base.length > 100", "history")
        for _ in range(4):
            broken = browser.evaluate(f"new Promise(requestAnimationFrame).then(() => {same})")
            check(not broken, f"live: {broken[:3]}")
            time.sleep(0.7)
        for share in (0.3, 0.5, 0.8):
            at = browser.evaluate(f"(() => {{ const {{ from, to }} = agentPage.view.window; const at = agentPage.store.nearest(from + (to - from) * {share}); agentPage.view.travel(at); return at; }})()")
            browser.wait(f"Date.parse(document.querySelector('#moment').dataset.time) / 1000 <= {at} + 1 && agentPage.store.shown.time <= {at} + 1", "that time")
            broken = browser.evaluate(f"new Promise(requestAnimationFrame).then(() => {same})")
            check(not broken, f"in the past: {broken[:3]}")
        browser.size(1280, 900)


def test_labels_are_true_at_once(browser):
    labels = ("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => [...document.querySelectorAll('main canvas[role=img]')]"
              ".filter((one) => one.getClientRects().length > 0 && !one.closest('.spark')).map((one) => one.ariaLabel))")
    with running("--demo", "--interval", "1") as agent:
        browser.size(1280, 4000)
        # Before the history has come: what is drawn has no data, or the live samples'.
        browser.call("Page.addScriptToEvaluateOnNewDocument", source="""const real = fetch;
            globalThis.fetch = (url, ...rest) => (`${url}`.includes('/history') && !globalThis.isOpen ? new Promise(() => {}) : real(url, ...rest));""")
        load(browser, agent.port, "#range=5m")
        told = browser.evaluate(labels)
        check(len(told) > 10 and all(one and not re.search("NaN|undefined|null|–", one) for one in told), f"before the history: {told}")
        browser.evaluate("agentPage.view.choose(900)")
        for span, words in ((900, "15\u202fmin"), (3600, "1\u202fh"), (300, "5\u202fmin")):
            browser.evaluate(f"(() => {{ globalThis.isOpen = true; agentPage.view.choose({span}); }})()")
            told = browser.evaluate(labels)
            wrong = [one for one in told if f", {words}: " not in one]
            check(not wrong, f"at {words}: {wrong[:2]}")
        # A time before all data.
        browser.evaluate("agentPage.view.zoom(1000000000, 1000000300)")
        told = browser.evaluate(labels)
        check(told and all(", 5\u202fmin: " in one for one in told), f"long ago: {told[:2]}")
        check(not any("–" in one for one in told), f"long ago: {told[:2]}")
        # Out of sight no values are claimed, which nobody would renew.
        browser.size(1280, 500)
        browser.evaluate("(() => { scrollTo(0, 0); agentPage.view.live(); })()")
        browser.wait("!agentPage.isSeen(document.querySelector('#panel-agent .plot, #panel-sensors .plot'))", "the last charts are out of sight")
        browser.evaluate("agentPage.view.choose(900)")
        last = browser.evaluate("document.querySelector('#panel-sensors canvas').ariaLabel")
        check(last == "Temperatures", f"out of sight: {last}")
        browser.size(1280, 900)


def test_ended_processes_leave(browser):
    with running("--interval", "1") as agent:
        load(browser, agent.port)
        hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        row = f"[...document.querySelectorAll('#panel-processes tbody tr')].some((row) => row.firstChild.textContent === '{hog.pid}')"
        try:
            browser.wait(row, "a process that uses a CPU is shown", seconds=30)
        finally:
            hog.kill()
            hog.wait()
        browser.wait(f"!{row}", "it leaves when it has ended", seconds=30)
        # Nothing keeps the rows of what is gone: not of interfaces or disks either.
        browser.wait("document.querySelectorAll('#panel-processes tbody tr').length <= 20", "no row stays")
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        sample = agent.get("/metrics/latest")
        sample["networks"] = [{"device": f"veth{number}", "physical": True, "receive_bytes_total": 1, "receive_bytes_per_sec": 1} for number in range(30)]
        feed(browser, sample, 1)
        sample["networks"] = sample["networks"][:1]
        feed(browser, sample, 2)
        check(browser.evaluate("document.querySelectorAll('#panel-network tbody tr').length") == 1, "an interface that is gone stays")


def test_process_table_keeps_pace(browser):
    with running("--demo", "--interval", "1") as agent:
        wire = Wire(agent.port)
        load(browser, wire.port)
        browser.wait("document.querySelectorAll('#panel-processes tbody tr').length > 5", "processes")
        # On a busy machine several samples come in one piece, and are one renewal.
        for attempt in range(5):
            begun = time.monotonic()
            first = browser.evaluate("agentPage.store.now")
            browser.wait(f"agentPage.store.now >= {first} + 5", "five samples")
            asked = [path for at, path in wire.requests if at > begun and path.startswith("/processes?sort=cpu")]
            if len(asked) >= 4:
                break
        check(len(asked) >= 4, f"the table was renewed {len(asked)} times in five samples, {attempt + 1} times in a row")
        # The use of GPUs is the agent's sum.
        table = {one["pid"]: one for one in agent.get("/processes")["processes"]}
        column = [one for one in browser.evaluate("[...document.querySelectorAll('#panel-processes tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))") if one[1].startswith("vllm ")]
        check(len(column) == 1 and "%" in column[0][7] and "GiB" in column[0][6], f"the process of two GPUs: {column}")
        check("%" in column[0][4] and "B/s" in column[0][8], f"the process has no rates: {column}")
        gpus = table[int(column[0][0])].get("gpus")
        check(gpus is None or column[0][7].endswith(f"({', '.join(map(str, gpus))})"), f"{column} is not of the GPUs {gpus}")
        check_quiet(browser)


def test_prints(browser):
    with running("--demo", "--interval", "1") as agent:
        browser.media(prefers_color_scheme="dark")
        load(browser, agent.port, "#range=5m")
        browser.wait("agentPage.store.tail.length >= 2 && document.querySelectorAll('.tile').length === 8", "all is there")
        # Charts that were never seen are drawn for the paper, too, and in light colours.
        browser.evaluate("dispatchEvent(new Event('beforeprint'))")
        browser.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        empty = browser.evaluate("""[...document.querySelectorAll('main canvas[role=img]')].filter((one) => one.getClientRects().length > 0 && !one.closest('.card[hidden], figure[hidden]')).filter((canvas) => {
            if (!(canvas.width > 0)) return true;
            const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            for (let i = 3; i < bytes.length; i += 4) if (bytes[i] > 0) return false;
            return true; }).length""")
        check(empty == 0, f"{empty} charts are empty on paper")
        seen = browser.evaluate("[...document.querySelectorAll('button, input, footer, dialog, .segments')].filter((one) => one.checkVisibility() && !['cell', 'sort', 'link'].some((name) => one.classList.contains(name))).map((one) => one.id || one.className)")
        check(not seen, f"controls on paper: {seen[:5]}")
        check(browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is not white")
        check(browser.evaluate("getComputedStyle(document.querySelector('h2')).color") == "rgb(22, 32, 42)", "the text is not dark")
        check(re.search(r"\d{4}", text(browser, "#moment").split(",")[1] if "," in text(browser, "#moment") else ""), f"the date on paper: {text(browser, '#moment')}")
        broken = [one for one in browser.evaluate(ACCESSIBILITY) if "contrast" in one]
        check(not broken, f"paper: {broken[:5]}")
        browser.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "light"}])
        browser.evaluate("dispatchEvent(new Event('afterprint'))")
        check(browser.evaluate("document.documentElement.dataset.theme === undefined"), "the theme of the paper stays")
        pages = base64.b64decode(browser.call("Page.printToPDF")["data"])
        check(pages.startswith(b"%PDF"), "no PDF")
        if SCREENSHOTS:
            with open(os.path.join(SCREENSHOTS, "page.pdf"), "wb") as file:
                file.write(pages)
        check_quiet(browser)


HOSTILE = ["‮moc.elpmaxe", "مرحبا بالعالم", "👩‍👩‍👧‍👦🏳️‍🌈" * 4, "W" * 300, "a\nb\tc\x1b[31m", "\u2028\u200b\ufeff", "<b>&amp;\"'`${1}", "e" + "\u0301" * 60, "constructor", "__proto__"]


def test_hostile_names(browser):
    with running("--demo", "--interval", "1") as agent:
        for width in (360, 1280):
            browser.size(width, 900, is_phone=width < 600)
            load(browser, agent.port)
            browser.wait("document.querySelectorAll('.tile').length === 8", "all is there")
            sample = agent.get("/metrics/latest")
            for number, name in enumerate(HOSTILE):
                sample["host"].update({"hostname": name, "os": name, "product": name})
                sample["cpu"]["model"] = name
                sample["gpus"][number % 8].update({"model": name, "processes": [{"pid": 5, "name": name, "user": name}]})
                for row in (sample["filesystems"][0], sample["disks"][0], sample["networks"][0], sample["temperatures"][0]):
                    row.update({key: name for key in ("mountpoint", "device", "name", "chip", "sensor", "fstype") if key in row})
                sample["agent"]["sources"] = [{"source": "cpu", "success": False, "error": name, "age_seconds": 1, "duration_seconds": 0.1}]
                sample["processes"]["top"] = [{"pid": 9, "name": name, "user": name, "service": name, "command": name}]
                sample["workloads"]["top"] = [{"id": f"service:{name}", "kind": name, "name": name, "user": name, "cpu": 1, "image": name}]
                feed(browser, sample, number + 1)
                # All panels are filled after the first picture.
                time.sleep(0.1)
                shown = browser.evaluate("document.querySelector('#hostname').textContent")
                check(not re.search("[\u0000-\u001f\u202a-\u202e\u2066-\u2069\u200b\u2028\ufeff]", shown), f"{name!r} is shown as {shown!r}")
                check(browser.evaluate("document.querySelectorAll('main b:not(.key b, .legend b), main img, main script').length") == 0, f"{name!r} became an element")
                wide = browser.evaluate("document.documentElement.scrollWidth")
                check(wide <= width, f"{name!r} makes the page {wide} wide at {width}")
        check(browser.evaluate("document.querySelector('#hostname').closest('bdi') !== null"), "the name's direction is not isolated")
        browser.size(1280, 900)
        check_quiet(browser)


def test_wording(browser):
    """Wording that was reviewed, in both languages; nothing of the page stays English in Japanese."""
    with running("--demo", "--interval", "1") as agent:
        load(browser, agent.port)
        strings = browser.evaluate("import('./text.js').then(({ strings }) => strings)")
        titles = agent.get("/catalog")["metrics"]
        english = " ".join([one for one, _ in strings.values()] + [one["title"] for one in titles if "title_ja" in one])
        japanese = " ".join([one for _, one in strings.values()] + [one.get("title_ja", "") for one in titles])
        for word in ("Hottest", "in all", "Killed for", "All wait", "nobody", "stolen", "Each logical", "took", "asleep", "Skip to the figures", "Colours", "wants a",
                     "stored of", "moment", "figures", "told", "somebody"):
            check(word not in english, f"{word!r} is still said")
        for word in ("Max temperature", "Pressure (PSI)", "{0} total", "OOM kills", "Fully stalled on I/O", "Fully stalled on memory", "Steal", "Per-CPU usage", "Slab (kernel)",
                     "All physical disks", "All physical interfaces", "Container limits (cgroup)", "Read time", "sleeping", "{0} utilization", "Skip to content", "Theme: {0}",
                     "This agent requires an access token", "No data stored for that time", "previous / next sample (Shift: 10 at a time)", "data {0} old"):
            check(word in english, f"{word!r} is not said")
        for word in ("エージェントのグループ", "退避", "メモリ帯域", "遅延", "取得元", "数値へ移動"):
            check(word not in japanese, f"{word!r} is still said")
        for word in ("プレッシャー (PSI)", "ロードアベレージ", "cgroup の上限", "エージェント自身", "リタイアページ", "OOM による強制終了", "メモリコントローラー使用率", "ビジー率", "レイテンシ",
                     "パケットロス {0}/秒", "オープン中のファイル", "データソース", "所要時間", "ブロック中", "スロットリング", "書き込み待ち (ダーティ)", "スラブ (カーネル)", "接続しています…",
                     "メインコンテンツへ移動", "ECC 訂正不能 {0} 件", "5分", "7日"):
            check(word in japanese, f"{word!r} is not said")
        browser.evaluate("document.querySelector('#language').click()")
        browser.wait("document.documentElement.lang === 'ja' && document.querySelectorAll('.tile').length === 8", "Japanese")
        for selector in ("#links a", "#ranges button", "#live"):
            same = browser.evaluate(f"[...document.querySelectorAll({selector!r})].map((one) => one.textContent).filter((text) => /[A-Za-z]{{2}}/.test(text))")
            check(not same, f"{selector} in Japanese: {same}")
        check("シミュレート" in text(browser, "#system"), f"the demo's line: {text(browser, '#system')}")
        browser.evaluate("agentPage.view.travel(1000000000)")
        browser.wait("document.querySelector('#banner').textContent === 'その時点のデータは保存されていません。'", "a message")
        check(browser.evaluate("fetch('.').then((one) => one.text()).then((page) => /<noscript>[^]*[\u3040-\u30ff][^]*<\\/noscript>/.test(page))"), "noscript in Japanese")
        browser.evaluate("document.querySelector('#language').click()")


# The demo machine has six hours of past: 720 samples of 128 CPUs and 8 GPUs. From the answers' bytes to the pixels.
DRAW_SIX_HOURS = """(async () => {
  const { store, view, drawn, drawAll } = agentPage;
  const real = fetch;
  const kept = new Map();
  const window = view.window;
  const runs = [];
  for (let run = 0; run < 9; run += 1) {
    globalThis.fetch = async (url) => {
      if (!kept.has(`${url}`)) kept.set(`${url}`, await (await real(url)).text());
      return new Response(kept.get(`${url}`));
    };
    const ask = store.ask;
    store.ask = (from, to, ...rest) => ask.call(store, window.from, window.to, ...rest);
    store.asked = null;
    const begun = performance.now();
    await store.show(window.from, window.to);
    const read = performance.now() - begun;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    if (run > 0) runs.push({ read, draw: drawn.milliseconds, seen: performance.now() - begun });
    Object.assign(store, { ask });
  }
  globalThis.fetch = real;
  const middle = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  const frames = [];
  for (let frame = 0; frame < 120; frame += 1) {
    view.pan(frame < 60 ? -60 : 60);
    await new Promise((done) => requestAnimationFrame(done));
    frames.push(drawn.milliseconds);
  }
  return { rows: store.base.length + store.tail.length, series: store.base.mean.size, plots: drawn.plots,
    bytes: [...kept.values()].reduce((sum, text) => sum + text.length, 0), read: middle(runs.map((one) => one.read)), draw: middle(runs.map((one) => one.draw)), seen: middle(runs.map((one) => one.seen)), pan: middle(frames) };
})()"""

FIRST_DRAW = """(() => { const look = () => {
  if (globalThis.agentPage && agentPage.drawn.plots > 0 && agentPage.store.tail.length > 0) globalThis.firstDraw = performance.now();
  else requestAnimationFrame(look);
}; look(); })()"""


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure():
    browser = Browser()
    try:
        with running("--demo") as agent:
            browser.size(1920, 1080)
            browser.call("Page.addScriptToEvaluateOnNewDocument", source=FIRST_DRAW)
            # What looks on costs the page time: the tree for screen readers is made anew with each change.
            for domain in ("Accessibility", "DOM", "Network", "Log"):
                browser.call(f"{domain}.disable")
            firsts = {"": [], "#range=6h": []}
            paints = []
            for _ in range(9):
                for fragment, times in firsts.items():
                    browser.open("about:blank")
                    time.sleep(0.5)
                    load(browser, agent.port, fragment)
                    times.append(browser.wait("globalThis.firstDraw"))
                    paints.append(browser.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
                    time.sleep(1)
            weight = browser.evaluate("performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                                      ".filter((one) => one.name.includes('/ui/')).reduce((sum, one) => sum + one.decodedBodySize, 0)")
            print(f"weight of what was loaded: {weight} bytes without compression")
            print(f"first paint with contents: {statistics.median(paints):.0f} ms after the navigation began, best {min(paints):.0f} ms")
            for fragment, times in firsts.items():
                print(f"first graphs and figures, {fragment or 'no range asked for'}: {statistics.median(times):.0f} ms, best {min(times):.0f} ms")
            browser.size(1920, 2700)
            browser.wait("agentPage.store.base.length + agentPage.store.tail.length >= 700", "six hours")
            time.sleep(1)
            told = browser.evaluate(DRAW_SIX_HOURS)
            print(f"6 h: {told['rows']} rows of {told['series']} series, {told['bytes']} bytes of JSON: read in"
                  f" {told['read']:.0f} ms, drawn in {told['plots']} plots in {told['draw']:.0f} ms, seen after {told['seen']:.0f} ms;"
                  f" a frame while panning {told['pan']:.1f} ms")
            load(browser, agent.port)
            time.sleep(3)
            begun = processor_seconds(agent.process.pid)
            time.sleep(30)
            print(f"an open page, 1 s: {(processor_seconds(agent.process.pid) - begun) / 0.3:.2f} % of a core, the agent's reading included")
            browser.open("about:blank")
            time.sleep(65)
            begun = processor_seconds(agent.process.pid)
            time.sleep(30)
            print(f"nobody looks: {(processor_seconds(agent.process.pid) - begun) / 0.3:.2f} % of a core")
            with open("/proc/loadavg", encoding="ascii") as file:
                print(f"load average of the machine: {file.read().split()[0]}")
    finally:
        browser.close()


def main():
    global PROGRAM, SCREENSHOTS
    arguments = sys.argv[1:]
    if "--screenshots" in arguments:
        place = arguments.index("--screenshots")
        SCREENSHOTS = arguments[place + 1]
        os.makedirs(SCREENSHOTS, exist_ok=True)
        del arguments[place:place + 2]
    PROGRAM = arguments.pop(0)
    if arguments == ["--measure"]:
        measure()
        return
    tests = {name.removeprefix("test_"): body for name, body in globals().items() if name.startswith("test_")}
    failed = []
    for name in arguments or tests:
        begun = time.monotonic()
        browser = None
        try:
            browser = Browser()
            browser.size(1280, 900)
            tests[name](browser)
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception as error:  # whatever it is, the other tests run
            failed.append(name)
            print(f"FAIL {name}: {error}", flush=True)
            if not isinstance(error, Failure):
                traceback.print_exc(file=sys.stdout)
        finally:
            if browser:
                browser.close()
    if failed:
        print(f"{len(failed)} failed: {', '.join(failed)}")
        sys.exit(1)
    print(f"{len(arguments or tests)} passed")


if __name__ == "__main__":
    main()

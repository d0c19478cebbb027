import AgentMetrics
import Query
import SampleStore
import Remote
import SystemIO
import TestSupport
import Testing

/// The real binary as a server, watched like by `--tui --connect`.
@Suite(.ownThreads) struct RemoteEndToEndTests {
  /// Polls until a condition holds; false after five minutes: the machine's tasks share one queue with all tests.
  private func comes(_ isThere: () -> Bool) async -> Bool {
    let end = Clock.monotonic + 300
    while Clock.monotonic < end {
      if isThere() { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return isThere()
  }

  /// Repeats a request that timed out; a machine that runs all tests may need longer than the client waits.
  private func retry<Value>(_ request: () async throws -> Value) async throws -> Value {
    let end = Clock.monotonic + 300
    while true {
      do { return try await request() } catch let error {
        guard "\(error)".hasPrefix("no answer in"), Clock.monotonic < end else { throw error }
      }
    }
  }

  private func follow(_ machine: RemoteMachine) -> Task<Void, Never> {
    Task.detached { await machine.run() }
  }

  @Test func aCutIsReportedAndMissedSamplesAreFetched() async throws {
    let (first, port) = try AgentProcess.serving(["--interval", "1", "--demo", "--history", "40"])
    let machine = try RemoteMachine("127.0.0.1:\(port)", capacity: 100)
    let task = follow(machine)
    defer { task.cancel() }
    // First its samples in memory, then live ones.
    #expect(await comes { machine.history.latest != nil && machine.state.isConnected })
    #expect(machine.history.all.count >= 30)
    #expect(machine.history.latest?.sample.host.isDemo == true)
    #expect(machine.history.latest?.sample.gpus.count == 8)
    #expect(abs(machine.state.lag) < 60)
    let seen = try #require(machine.history.latest?.sample.timestamp)
    first.signal(SIGKILL)
    _ = first.wait()
    #expect(await comes { !machine.state.isConnected && machine.state.reason != nil })
    let (second, _) = try AgentProcess.serving(["--interval", "1", "--demo", "--history", "40", "--port", String(port)])
    #expect(await comes { machine.state.isConnected && (machine.history.latest?.sample.timestamp ?? seen) > seen })
    // Oldest first, without duplicates.
    let timestamps = machine.history.entries().map(\.sample.timestamp)
    #expect(timestamps == Array(Set(timestamps)).sorted())
    // The simulated machine has a history as soon as it starts: the cut leaves no hole.
    let live = timestamps.filter { $0 >= seen }
    #expect(zip(live, live.dropFirst()).allSatisfy { $1.seconds - $0.seconds <= 3 }, "\(live)")
    second.signal(SIGTERM)
    #expect(second.wait() == 0)
  }

  @Test("A viewer's main track goes on with the agent's own samples, without holes behind the live ones")
  func ownSamplesAreFetched() async throws {
    let (process, port) = try AgentProcess.serving(["--interval", "2", "--demo", "--history", "40"])
    let machine = try RemoteMachine("127.0.0.1:\(port)", capacity: 100, catchUpPause: 1)
    let task = follow(machine)
    defer { task.cancel() }
    #expect(await comes { machine.history.count > 0 })
    let known = try #require(machine.history.all.last?.sample.timestamp)
    #expect(await comes { machine.history.all.count { $0.sample.timestamp > known } >= 2 })
    let main = machine.history.all.map(\.sample)
    #expect(main.map(\.timestamp) == Array(Set(main.map(\.timestamp))).sorted())
    for (before, sample) in zip(main, main.dropFirst()) {
      #expect(abs(sample.timestamp.seconds - before.timestamp.seconds - sample.elapsed) < 0.5)
    }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("Where the agent takes a sample a second, each of them stays in a viewer's main track")
  func samplesOfASecondStay() async throws {
    let (process, port) = try AgentProcess.serving(["--interval", "1", "--demo", "--history", "40"])
    let machine = try RemoteMachine("127.0.0.1:\(port)", capacity: 100)
    let task = follow(machine)
    defer { task.cancel() }
    #expect(await comes { machine.history.count > 0 })
    let count = machine.history.count
    #expect(await comes { machine.history.count >= count + 3 })
    let times = machine.history.all.suffix(4).map(\.sample.timestamp.seconds)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= 3 })
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test func allProcessesAreFetched() async throws {
    let (process, port) = try AgentProcess.serving(["--interval", "1"])
    let machine = try RemoteMachine("http://127.0.0.1:\(port)/", capacity: 10)
    let table = try await retry { try await machine.processes() }
    #expect(table.processes.contains { $0.pid == process.pid && $0.command?.end(of: "--serve") != nil })
    #expect(abs(table.timestamp.seconds - Clock.realtime) < 60)
    // Since the agent's start, or over a second; never over less than the time between the first two readings.
    #expect(table.interval > 0.2 && table.age >= 0)
    #expect(await machine.version() != nil)
    // Memory that the table lacks, of the asked ones alone; in several requests.
    let absent = Array(repeating: Int32(999_999_999), count: 300)
    let memory = try await machine.memory(of: absent + [process.pid], [.shared, .proportional])
    #expect(memory.count == 1 && memory[process.pid]?.swapped.isNaN == true)
    #expect(memory[process.pid]?.shared ?? 0 > 1_000_000 && memory[process.pid]?.proportional ?? 0 > 1_000_000)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  /// Samples that are no longer in memory come from the archive, with minimum and maximum of each step and the
  /// processes.
  @Test func olderSamplesComeFromTheArchive() async throws {
    let folder = try Fixture(files: [:])
    let (process, port) = try AgentProcess.serving([
      "--interval", "1", "--history", "3", "--db", folder.root + "/agent.db",
    ])
    let machine = try RemoteMachine("127.0.0.1:\(port)", capacity: 100)
    let start = try #require(await retry { try await machine.remembered(atMost: 3) }.first).timestamp.seconds
    var memory = start
    let end = Clock.monotonic + 300
    while memory < start + 8, Clock.monotonic < end {
      memory = try await retry { try await machine.remembered(atMost: 3) }.first?.timestamp.seconds ?? start
      try? await Task.sleep(for: .milliseconds(200))
    }
    let archive = try #require(await retry { try await machine.longHistory(remembered: machine.remembered(atMost: 3)) })
    let oldest = try #require(archive.oldest)
    #expect(oldest < memory && oldest <= start + 1)
    let columns = try await retry {
      try await archive.columns(
        [SeriesSelector("cpu.usage"), SeriesSelector("ram.*")], from: start, to: memory, step: 2, extremes: true,
        limit: 10_000)
    }
    let used = try #require(columns.series.first { $0.key == "ram.used_mb" })
    #expect(columns.timestamps.count >= 2 && used.values.contains { $0 > 1e6 })
    #expect(zip(used.minima, used.maxima).allSatisfy { !($0 > $1) })
    let sample = try #require(await retry { try await archive.sample(at: start + 3) })
    #expect(sample.timestamp.seconds <= start + 3 && sample.processes?.top.isEmpty == false)
    #expect(try await archive.sample(at: oldest - 3_600) == nil)
    let samples = try await archive.samples(from: start, to: memory, step: 2, limit: 1_000)
    #expect(!samples.isEmpty)
    await #expect(throws: (any Error).self) {
      try await archive.samples(from: start, to: memory, step: 1, limit: 1)
    }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test func aTokenIsWantedAndTaken() async throws {
    let fixture = try Fixture(files: ["token": "a-long-secret-token\n"])
    let (process, port) = try AgentProcess.serving([
      "--interval", "1", "--token-file", fixture.root + "/token",
    ])
    let stranger = try RemoteMachine("127.0.0.1:\(port)", capacity: 10)
    let guest = try RemoteMachine("127.0.0.1:\(port)", token: { "a-long-secret-token" }, capacity: 10)
    let tasks = [follow(stranger), follow(guest)]
    defer { for task in tasks { task.cancel() } }
    #expect(await comes { stranger.state.isRefused && guest.state.isConnected })
    #expect(!stranger.state.isConnected && stranger.state.reason?.end(of: "token") != nil)
    #expect(await comes { guest.history.latest != nil })
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test func aTokenThatChangesIsReadAgainByServerAndClient() async throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "the-first-token\n")
    let (process, port) = try AgentProcess.serving(["--interval", "1", "--token-file", folder.file("token")])
    let file = TokenFile(folder.file("token"), tokens: [AccessToken("the-first-token")], pace: 0) { _ in }
    let old = try RemoteMachine("127.0.0.1:\(port)", token: { "the-first-token" }, capacity: 10)
    let following = follow(old)
    #expect(await comes { old.state.isConnected })
    following.cancel()
    try folder.write("token", "the-second-token\n")
    let late = try RemoteMachine("127.0.0.1:\(port)", token: { "the-first-token" }, capacity: 10)
    let guest = try RemoteMachine("127.0.0.1:\(port)", token: { file.tokens.first?.text }, capacity: 10)
    let tasks = [follow(late), follow(guest)]
    defer { for task in tasks { task.cancel() } }
    #expect(await comes { guest.state.isConnected })
    // A file without a token has no effect.
    try folder.write("token", "\n")
    let last = try RemoteMachine("127.0.0.1:\(port)", token: { file.tokens.first?.text }, capacity: 10)
    let more = follow(last)
    defer { more.cancel() }
    #expect(await comes { last.state.isConnected })
    let stranger = try RemoteMachine("127.0.0.1:\(port)", token: { "the-first-token" }, capacity: 10)
    let strange = follow(stranger)
    defer { strange.cancel() }
    #expect(await comes { stranger.state.isRefused })
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test func aDeadHostDelaysNoOther() async throws {
    let (process, port) = try AgentProcess.serving(["--interval", "1", "--demo"])
    // A closed port, and a nonexistent name.
    let dead = try [RemoteMachine("127.0.0.1:1", capacity: 10), RemoteMachine("no-such-host.invalid:80", capacity: 10)]
    let alive = try RemoteMachine("127.0.0.1:\(port)", capacity: 10)
    let tasks = (dead + [alive]).map(follow)
    defer { for task in tasks { task.cancel() } }
    #expect(await comes { alive.state.isConnected && alive.history.latest != nil })
    #expect(await comes { dead.allSatisfy { $0.state.reason?.isEmpty == false && !$0.state.isConnected } })
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}

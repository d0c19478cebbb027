import AgentMetrics
import Collect
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

/// A source that runs the test's closure.
private final class ScriptedSource: GPUSource {
  let question: @Sendable () throws(CollectorError) -> GPUAnswer

  init(_ question: @escaping @Sendable () throws(CollectorError) -> GPUAnswer) {
    self.question = question
  }

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer { try question() }
}

@Suite(.ownThreads) struct GPUCollectorTests {
  private static let nowhere = GPUEnvironment(root: "/nowhere", asksDrivers: true)

  private func vendor(
    _ name: String, _ question: @escaping @Sendable () throws(CollectorError) -> GPUAnswer
  ) -> GPUVendor {
    GPUVendor(name: name, pciVendor: 0) { _ in ScriptedSource(question) }
  }

  private func gpu(_ vendor: String, _ address: String) -> GPU {
    var gpu = GPU(vendor: vendor)
    gpu.pciAddress = address
    return gpu
  }

  /// Reads until a condition holds; a busy machine may need more than one reading.
  private func look(
    _ collector: GPUCollector, _ reading: inout Reading, until isThere: ([GPU]) -> Bool
  ) throws {
    var isDone = false
    let wasThere = try eventually({ isDone }) {
      reading.boottime = Clock.boottime
      collector.prepare()
      // On a busy machine a thread may start late: "no answer for 1 s".
      do { try collector.read(into: &reading) } catch is CollectorError { return }
      isDone = isThere(reading.gpus)
    }
    #expect(wasThere)
  }

  @Test func gpusOfAllVendorsInTheOrderOfTheirAddresses() throws {
    let left = [gpu("nvidia", "0000:81:00.0"), gpu("nvidia", "0000:01:00.0")]
    let right = [gpu("amd", "0000:41:00.0")]
    let collector = GPUCollector(
      Self.nowhere,
      vendors: [
        vendor("nvidia") { () throws(CollectorError) in GPUAnswer(gpus: left) },
        vendor("amd") { () throws(CollectorError) in GPUAnswer(gpus: right) },
      ])
    var reading = Reading()
    try look(collector, &reading) { $0.count == 3 }
    #expect(reading.gpus.map(\.pciAddress) == ["0000:01:00.0", "0000:41:00.0", "0000:81:00.0"])
    #expect(reading.gpus.map(\.index) == [0, 1, 2])
  }

  @Test func processesAreNamedByTheMachinesTable() throws {
    var known = gpu("nvidia", "0000:01:00.0")
    known.processes = [GPUProcess(pid: 7), GPUProcess(pid: 8)]
    let answer = GPUAnswer(gpus: [known])
    let collector = GPUCollector(
      Self.nowhere, vendors: [vendor("nvidia") { () throws(CollectorError) in answer }])
    var reading = Reading()
    var process = ProcessReading(pid: 7)
    process.name = "train"
    process.user = "mira"
    process.service = "slurm:1"
    reading.processes = ProcessesReading()
    reading.processes?.all = [process]
    try look(collector, &reading) { !$0.isEmpty }
    let processes = try #require(reading.gpus.first?.processes)
    #expect(processes.map(\.name) == ["train", nil])
    #expect(processes[0].user == "mira" && processes[0].service == "slurm:1")
  }

  /// The driver's call returns only after the readings, so none of them waited for it.
  @Test func aHangingDriverKeepsItsLastValuesAndDelaysNoReading() throws {
    let gate = Condition(false)
    let asked = Condition(0)
    let answer = GPUAnswer(gpus: [gpu("nvidia", "0000:01:00.0")])
    let other = GPUAnswer(gpus: [gpu("amd", "0000:02:00.0")])
    let collector = GPUCollector(
      Self.nowhere,
      vendors: [
        vendor("nvidia") { () throws(CollectorError) in
          let count = asked.update { count in
            count += 1
            return count
          }
          if count > 1 { _ = gate.wait { $0 ? true : nil } }
          return answer
        },
        vendor("amd") { () throws(CollectorError) in other },
      ])
    var reading = Reading()
    try look(collector, &reading) { $0.count == 2 }
    try look(collector, &reading) { _ in asked.withState { $0 } == 2 }
    for _ in 0..<3 {
      reading.boottime = Clock.boottime
      collector.prepare()
      try collector.read(into: &reading)
    }
    #expect(reading.gpus.map(\.vendor) == ["nvidia", "amd"])
    #expect(reading.gpus[0].age > 0)
    // No second call starts while the first is pending.
    #expect(asked.withState { $0 } == 2)
    gate.update { $0 = true }
  }

  /// A single sample includes a tool that takes a second.
  @Test func theFirstReadingMayWait() throws {
    let gate = Condition(false)
    let answer = GPUAnswer(gpus: [gpu("amd", "0000:02:00.0")])
    let slow = vendor("amd") { () throws(CollectorError) in
      _ = gate.wait { $0 ? true : nil }
      return answer
    }
    let environment = GPUEnvironment(root: "/nowhere", asksDrivers: true, firstPatience: 60)
    let collector = GPUCollector(environment, vendors: [slow])
    var reading = Reading()
    reading.boottime = Clock.boottime
    collector.prepare()
    Thread.start("gate") {
      usleep(300_000)
      gate.update { $0 = true }
    }
    try collector.read(into: &reading)
    #expect(reading.gpus.map(\.vendor) == ["amd"])
  }

  @Test func aVendorThatRestsIsNotAsked() throws {
    let asked = Mutex(0)
    let count: @Sendable () -> Int = { asked.withLock { $0 } }
    let collector = GPUCollector(
      Self.nowhere,
      vendors: [
        GPUVendor(name: "intel", pciVendor: 0) { _ in
          ScriptedSource { () throws(CollectorError) in
            asked.withLock { $0 += 1 }
            return GPUAnswer(rest: 300)
          }
        }
      ])
    var reading = Reading()
    try look(collector, &reading) { _ in count() == 1 }
    // After the result was taken, no further reading starts.
    for _ in 0..<20 { try look(collector, &reading) { _ in true } }
    let settled = count()
    for _ in 0..<20 { try look(collector, &reading) { _ in true } }
    #expect(count() == settled)
    #expect(reading.gpus.isEmpty)
  }

  @Test func aVendorThatFailsIsNamedAndTheOthersAreThere() throws {
    let other = GPUAnswer(gpus: [gpu("amd", "0000:02:00.0")])
    let collector = GPUCollector(
      Self.nowhere,
      vendors: [
        vendor("nvidia") { () throws(CollectorError) in throw CollectorError("driver and library do not match") },
        vendor("amd") { () throws(CollectorError) in other },
      ])
    var reading = Reading()
    var message = ""
    _ = eventually({ !message.isEmpty && !reading.gpus.isEmpty }) {
      reading.boottime = Clock.boottime
      collector.prepare()
      do throws(CollectorError) { try collector.read(into: &reading) } catch { message = error.description }
    }
    #expect(message == "nvidia: driver and library do not match")
    #expect(reading.gpus.map(\.vendor) == ["amd"])
  }

  @Test func eachVendorsFailureIsReportedBesideItsGPUs() throws {
    let hollow = GPUAnswer(gpus: [gpu("amd", "0000:02:00.0")], failure: "amd-smi: no values in the output")
    let collector = GPUCollector(
      Self.nowhere,
      vendors: [
        vendor("nvidia") { () throws(CollectorError) in throw CollectorError("driver and library do not match") },
        vendor("amd") { () throws(CollectorError) in hollow },
      ])
    var reading = Reading()
    var message = ""
    _ = eventually({ message.contains("amd") && message.contains("nvidia") }) {
      reading.boottime = Clock.boottime
      collector.prepare()
      do throws(CollectorError) { try collector.read(into: &reading) } catch { message = error.description }
    }
    #expect(message == "nvidia: driver and library do not match; amd: amd-smi: no values in the output")
    #expect(reading.gpus.map(\.vendor) == ["amd"] && reading.gpus.map(\.state) == [.active])
  }

  @Test func aVendorThatFailsForLongHasLostItsGPUs() throws {
    let fails = Mutex(false)
    let answer = GPUAnswer(gpus: [gpu("nvidia", "0000:01:00.0")])
    let worker = GPUWorker(
      vendor("nvidia") { () throws(CollectorError) in
        if fails.withLock({ $0 }) { throw CollectorError("the driver is not loaded") }
        return answer
      }, Self.nowhere)
    func look(at now: Double) -> GPUWorker.LatestGPUs {
      worker.ask(at: now)
      return worker.answer(waiting: 60, at: now)
    }
    #expect(!look(at: 0).isLost)
    fails.withLock { $0 = true }
    #expect(look(at: 100).error != nil && !look(at: 109).isLost)
    #expect(look(at: 111).isLost && look(at: 111).gpus.count == 1)
    fails.withLock { $0 = false }
    #expect(!look(at: 112).isLost)
  }

  /// The old thread stays stuck; another one reads, and its result counts.
  @Test func aStuckSourceIsRetriedAndRecovers() {
    let gate = Condition(false)
    let sessions = Mutex(0)
    let answers = Mutex(0)
    let answer = GPUAnswer(gpus: [gpu("nvidia", "0000:01:00.0")])
    let vendor = GPUVendor(name: "nvidia", pciVendor: 0) { _ in
      let session = sessions.withLock { count in
        count += 1
        return count
      }
      return ScriptedSource { () throws(CollectorError) in
        // The first works once and then hangs, the second hangs immediately, the third works.
        let count = answers.withLock { count in
          count += 1
          return count
        }
        if session == 2 || (session == 1 && count > 1) { _ = gate.wait { $0 ? true : nil } }
        return answer
      }
    }
    let worker = GPUWorker(
      vendor, Self.nowhere, limits: GPUWorker.Patience(hangs: 1, firstRetry: 0.01, longestRetry: 0.01))
    var wasLost = false
    var last = GPUWorker.LatestGPUs()
    let hasRecovered = eventually({ sessions.withLock { $0 } >= 3 && !last.isLost && !last.gpus.isEmpty }) {
      worker.ask(at: Clock.boottime)
      last = worker.answer(waiting: 0.005)
      wasLost = wasLost || (last.isLost && last.gpus.count == 1)
    }
    #expect(hasRecovered && wasLost && last.gpus.count == 1)
    gate.update { $0 = true }
  }

  /// Threads stuck in a driver cannot be ended, so their number is bounded.
  @Test func aDriverThatHangsForEverTakesFewThreads() {
    let gate = Condition(false)
    let sessions = Mutex(0)
    let vendor = GPUVendor(name: "nvidia", pciVendor: 0) { _ in
      sessions.withLock { $0 += 1 }
      return ScriptedSource { () throws(CollectorError) in
        _ = gate.wait { $0 ? true : nil }
        return GPUAnswer()
      }
    }
    let worker = GPUWorker(
      vendor, Self.nowhere, limits: GPUWorker.Patience(hangs: 0, firstRetry: 0, longestRetry: 0))
    for _ in 0..<300 {
      worker.ask(at: Clock.boottime)
      _ = worker.answer(waiting: 0.001)
    }
    #expect((1...GPUWorker.maximumStuck).contains(sessions.withLock { $0 }))
    gate.update { $0 = true }
  }

  @Test func whereThereIsNoGPUThereIsNoMember() throws {
    let collector = GPUCollector(Self.nowhere, vendors: GPUVendor.linux)
    var reading = Reading()
    for _ in 0..<5 { try look(collector, &reading) { _ in true } }
    #expect(reading.gpus.isEmpty)
    #expect(collector.age == 0)
  }
}

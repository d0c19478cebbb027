import AgentMetrics
import Glibc
import SampleStore
import SystemIO
import Testing

@testable import Dashboard

@Suite struct LineModeTests {
  @Test func aNarrowTerminalDropsWhatIsMissedLeast() {
    let all = LineMode.LineColumn.allCases
    #expect(LineMode.fitting(all, width: .max) == all)
    #expect(LineMode.fitting(all, width: 70) == all)
    #expect(LineMode.fitting(all, width: 69).count < all.count)
    #expect(LineMode.fitting(all, width: 40) == [.time, .cpu, .load, .ram, .read, .gpu])
    #expect(LineMode.fitting(all, width: 20) == [.cpu, .ram, .gpu])
  }

  @Test func columnsAreThoseThatTheMachineFills() {
    var machine = MadeUpMachine.smallVM
    let sample = machine.history(ticks: 5).all[3].sample
    #expect(
      LineMode.head(LineMode.columns(of: sample)) == "     time cpu%  load1 ram% swap%  read/s write/s    rx/s    tx/s")
    let bare = Sample(from: nil, to: Reading())
    #expect(LineMode.line(bare, LineMode.columns(of: bare)) == "00:00:00Z    -    -")
  }

  @Test func aLineStandsUnderItsHead() {
    for var machine in [MadeUpMachine.smallVM, .gpuServer, .manyThreads, .staleFilesystem] {
      for entry in machine.history(ticks: 20).all {
        let columns = LineMode.columns(of: entry.sample)
        let (head, line) = (LineMode.head(columns), LineMode.line(entry.sample, columns))
        #expect(head.utf8.count == line.utf8.count && line.utf8.count <= 80, "\(head)\n\(line)")
      }
    }
  }

  @Test func aLineForEachSampleUntilNobodyReads() throws {
    // A child process of another test must not keep the reading end open.
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (reader, writer) = (ends[0], ends[1])
    defer { close(writer) }
    var machine = MadeUpMachine.smallVM
    let samples = machine.history(ticks: 60).all.map(\.sample)
    let history = History(capacity: 100, interval: 1)
    history.append(samples[0])
    let ended = Condition<DashboardExit?>(nil)
    Thread.start("lines") {
      let exit = (try? LineMode(history: history, output: writer, catchesSignals: false))?.run()
      ended.update { $0 = exit }
    }
    var lines = LineReader(reader)
    #expect(lines.next().contains("cpu%"))
    for (index, sample) in samples.prefix(45).enumerated() {
      if index > 0 { history.append(sample) }
      if index > 0, index % LineMode.linesPerHead == 0 { #expect(lines.next().contains("cpu%")) }
      #expect(lines.next() == LineMode.line(sample, LineMode.columns(of: sample)))
    }
    close(reader)
    #expect(ended.wait(atMost: 60) { $0 } == .quit)
  }
}

import AgentMetrics
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct ThreadScannerTests {
  private func stat(_ thread: Int32, _ name: String, ticks: Int, start: Int = 700, state: String = "S") -> String {
    "\(thread) (\(name)) \(state) 1 1 1 0 -1 4194560 0 0 0 0 \(ticks) 0 0 0 20 0 2 0 \(start) 1000 10 0 0\n"
  }

  @Test func whatTheyDidIsTheDifferenceOfTwoLooks() throws {
    let machine = try Fixture(files: [
      "proc/5/task/5/stat": stat(5, "main", ticks: 100), "proc/5/task/6/stat": stat(6, "a) (b", ticks: 10, state: "R"),
      "proc/5/task/7/stat": "broken", "proc/9/task/9/stat": stat(9, "other", ticks: 1),
    ])
    let scanner = ThreadScanner(root: machine.root)
    let first = scanner.scan([5], now: 10).sorted { $0.thread < $1.thread }
    #expect(first.map(\.thread) == [5, 6] && first.map(\.name) == ["main", "a) (b"])
    #expect(first.allSatisfy { $0.cpu.isNaN && $0.process == 5 })
    try machine.write(stat(5, "main", ticks: 300), to: "proc/5/task/5/stat")
    // Another thread by the same number.
    try machine.write(stat(6, "new", ticks: 90, start: 900), to: "proc/5/task/6/stat")
    let second = scanner.scan([5, 404], now: 12).sorted { $0.thread < $1.thread }
    #expect(second.count == 2 && second[0].cpu == 1 && second[1].cpu.isNaN && second[1].state == UInt8(ascii: "S"))
    // One whose ticks go back does not do less than nothing.
    try machine.write(stat(5, "main", ticks: 200), to: "proc/5/task/5/stat")
    #expect(scanner.scan([5], now: 14).first { $0.thread == 5 }?.cpu == 0)
  }
}

import AgentMetrics
import SampleStore

/// A machine with few series whose values differ between samples; its second GPU may vanish.
struct SmallMachine {
  /// POSIX time of the first sample.
  let start: Double
  var interval = 30.0

  /// The sample with this number.
  func sample(_ index: Int, gpus: Int = 2) -> Sample {
    Sample(from: reading(index - 1, gpus: gpus), to: reading(index, gpus: gpus))
  }

  private func reading(_ index: Int, gpus: Int) -> Reading {
    let seconds = start + Double(index) * interval
    let count = UInt64(max(0, index + 1))
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.monotonic = seconds
    reading.boottime = seconds
    reading.cpu.topology.model = "A \"CPU\" \\ of\nours"
    reading.cpu.total.user = count * 100 + count * count % 37
    reading.cpu.total.idle = count * 300
    reading.memory.total = 16_384 << 20
    reading.memory.available = (8_192 << 20) + (count << 12)
    var load = Load()
    load.load1 = Double(index) / 8
    reading.load = load
    var network = NetworkReading(device: "eth0")
    network.isPhysical = true
    network.receiveBytes = 1_000 * count
    network.transmitBytes = 777 * count
    reading.networks = [network]
    reading.gpus = (0..<gpus).map { number in
      var gpu = GPU(index: number, vendor: "nvidia")
      gpu.model = "Test \(number)"
      gpu.util = Double((index * 7 + number) % 11) / 10
      gpu.vramUsed = Double(index + number) * 1_048_576
      return gpu
    }
    return reading
  }
}

/// Formats a series for comparisons: `name{label="value",…}`.
func seriesText(_ labels: [(name: String, value: String)]) -> String {
  let name = labels.first { $0.name == "__name__" }?.value ?? ""
  let rest = labels.filter { $0.name != "__name__" }.sorted { $0.name < $1.name }
  return name + "{" + rest.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
}

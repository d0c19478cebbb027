internal import AgentMetrics

/// The times of the drivers' last answers.
struct GPUAnswers {
  /// An answer that is new in a Reading.
  struct Answer {
    /// Index in the Reading's GPUs.
    let index: Int
    /// Seconds that its means cover: those since the previous answer.
    let seconds: Double
  }

  private var times: [String: Double] = [:]

  /// Returns the answers that are new in a Reading; the last answer of a slow or sleeping driver is repeated.
  mutating func new(in reading: Reading) -> [Answer] {
    if reading.gpus.isEmpty { return [] }
    var answers: [Answer] = []
    for (index, gpu) in reading.gpus.enumerated() {
      let time = reading.boottime - gpu.age
      let last = times[gpu.identity]
      if let last, !(time > last + 0.001) { continue }
      times[gpu.identity] = time
      // The first answer covers an unknown time and must not outweigh those after it.
      answers.append(Answer(index: index, seconds: last.map { time - $0 } ?? 0.001))
    }
    return answers
  }
}

/// Means of a track's GPUs over its whole interval.
///
/// A driver's answer holds means over the time since its previous answer, which is a second while another client
/// watches at 1 s. Answers within one interval are averaged here, so that no sample depends on other readers.
struct GPUMeans {
  private struct Sums {
    var answers = 0
    /// Of means, sums weighted by time; of peaks, the highest value.
    var values = [Double](repeating: .nan, count: GPUMeans.accessors.count)
    var seconds = [Double](repeating: 0, count: GPUMeans.accessors.count)
  }

  private static let accessors = GPU.table.means

  private var sums: [String: Sums] = [:]

  /// Adds new answers.
  mutating func add(_ answers: [GPUAnswers.Answer], of gpus: [GPU]) {
    for answer in answers {
      let gpu = gpus[answer.index]
      var sum = sums[gpu.identity] ?? Sums()
      sum.answers += 1
      for (place, accessor) in Self.accessors.enumerated() {
        let (value, known) = (accessor.read(gpu), sum.values[place])
        if value.isNaN { continue }
        if accessor.isPeak {
          sum.values[place] = known.isNaN ? value : max(known, value)
        } else {
          sum.values[place] = (known.isNaN ? 0 : known) + value * answer.seconds
          sum.seconds[place] += answer.seconds
        }
      }
      sums[gpu.identity] = sum
    }
  }

  /// Replaces the last answer's means and peaks by those of the interval; a sleeping or lost GPU has none.
  ///
  /// - Returns: whether any was replaced.
  func write(to gpus: inout [GPU]) -> Bool {
    var isWritten = false
    for index in gpus.indices {
      guard let sum = sums[gpus[index].identity], sum.answers > 1 else { continue }
      isWritten = true
      for (place, accessor) in Self.accessors.enumerated() where !accessor.read(gpus[index]).isNaN {
        if accessor.isPeak {
          accessor.set(&gpus[index], sum.values[place])
        } else if sum.seconds[place] > 0 {
          accessor.set(&gpus[index], sum.values[place] / sum.seconds[place])
        }
      }
    }
    return isWritten
  }
}

extension GPU {
  /// Identifies a GPU within its machine.
  fileprivate var identity: String { uuid ?? pciAddress ?? String(index) }
}

internal import AgentMetrics

/// An I/O priority as ioprio_set(2) takes it: a class and, for two of the classes, a level.
struct IOPriority: Equatable {
  /// The class in the upper bits (include/uapi/linux/ioprio.h, IOPRIO_CLASS_SHIFT), and the level.
  let number: Int32
  let name: String

  /// All priorities in the order of htop's list.
  static let all: [IOPriority] =
    [IOPriority(number: 0, name: "none, by the nice value")] + levels(1, "realtime") + levels(2, "best effort")
    + [IOPriority(number: 3 << 13, name: "idle")]

  private static func levels(_ place: Int32, _ name: String) -> [IOPriority] {
    (Int32(0)..<8).map { level in
      let note = level == 0 ? " (high)" : level == 7 ? " (low)" : ""
      return IOPriority(number: place << 13 | level, name: name + " " + String(level) + note)
    }
  }

  static let isNotSupported = "I/O priorities are not available here"
}

/// The choice of an I/O priority.
struct IOPriorityDialog: Equatable {
  /// The processes that get it, as listed when the dialog was opened.
  var processes: [Process]
  var selected = 0
}

extension ScreenState {
  mutating func handle(_ key: KeyPress, _ dialog: IOPriorityDialog) -> Model.Effect {
    var dialog = dialog
    switch key {
    case .escape, .character("q"), .character("i"): overlay = nil
    case .enter:
      overlay = nil
      return .setIOPriority(dialog.processes, to: IOPriority.all[min(dialog.selected, IOPriority.all.count - 1)])
    default:
      guard let next = key.move(in: IOPriority.all.count, from: dialog.selected) else { return .nothing }
      dialog.selected = next
      overlay = .ioPriority(dialog)
    }
    return .draw
  }

  /// The tagged processes, else the selected one; nil, with a note, if there is none or nothing may be changed.
  mutating func chosenProcesses(_ frameContext: FrameContext, _ subject: String) -> [Process]? {
    guard frameContext.canSignal else {
      note = "read-only: " + subject + " are not changed"
      return nil
    }
    guard cursor.time == nil else {
      note = "You are viewing the past; press End to return first"
      return nil
    }
    let tagged = frameContext.processes.filter { table.tagged.contains($0.pid) }
    if !tagged.isEmpty { return tagged }
    guard let selected = table.selected else {
      note = Self.needsSelection
      return nil
    }
    let pid = frameContext.owners[selected] ?? selected
    let found = frameContext.processes.filter { $0.pid == pid }
    if found.isEmpty { note = String(pid) + " has ended" }
    return found.isEmpty ? nil : found
  }

  /// Changes the nice values of the chosen processes.
  mutating func renice(by step: Int, _ frameContext: FrameContext) -> Model.Effect {
    guard let chosen = chosenProcesses(frameContext, "nice values") else { return .draw }
    let known = chosen.filter { $0.nice.isFinite }
    guard !known.isEmpty else {
      return noted("the nice value of " + String(chosen.first?.pid ?? 0) + " is unknown")
    }
    return .renice(known, by: step)
  }
}

internal import AgentMetrics

/// The choice of columns, of a sort key and of a user, and the search.
extension TableState {
  /// The shown columns in their order.
  var chosenColumns: [ProcessColumn] { choice.columns ?? ProcessColumn.automatic }

  /// The shown columns, then the others.
  var columnOrder: [ProcessColumn] {
    let chosen = chosenColumns
    return chosen + ProcessColumn.allCases.filter { !chosen.contains($0) }
  }

  /// Shows or hides a column of ``columnOrder``; returns its new place.
  mutating func toggleColumn(_ place: Int) -> Int {
    var columns = chosenColumns
    guard columnOrder.indices.contains(place) else { return place }
    let column = columnOrder[place]
    if let shown = columns.firstIndex(of: column) {
      // A table has at least one column.
      guard columns.count > 1 else { return place }
      columns.remove(at: shown)
    } else {
      columns.append(column)
    }
    choice.columns = columns
    firstColumn = 0
    return columnOrder.firstIndex(of: column) ?? place
  }

  /// Moves a shown column; returns its new place.
  mutating func moveColumn(_ place: Int, by step: Int) -> Int {
    var columns = chosenColumns
    guard columns.indices.contains(place), columns.indices.contains(place + step) else { return place }
    columns.swapAt(place, place + step)
    choice.columns = columns
    return place + step
  }

  /// Selects the first row from a place on that a text matches, around the end; false without one.
  mutating func select(matching text: String, from place: Int, _ frameContext: FrameContext) -> Bool {
    let rows = frameContext.table
    let text = text.lowercased()
    guard !rows.isEmpty, !text.isEmpty else { return false }
    for offset in rows.indices {
      let index = (place + offset) % rows.count
      let process = rows[index].process
      guard
        process.name.lowercased().contains(text) || process.command?.lowercased().contains(text) == true
          || String(rows[index].number) == text
      else { continue }
      select(index, frameContext)
      return true
    }
    return false
  }

  /// Tags the selected process, or removes its tag, and selects the next one.
  mutating func tag(_ frameContext: FrameContext) {
    guard let selected else { return }
    let pid = frameContext.owners[selected] ?? selected
    if tagged.remove(pid) == nil { tagged.insert(pid) }
    _ = moveSelection(by: 1, frameContext)
  }

  /// Tags the processes of all rows, which the filter matches; returns their number.
  mutating func tagAll(_ frameContext: FrameContext) -> Int {
    let pids = frameContext.rows.map { frameContext.owners[$0] ?? $0 }
    tagged.formUnion(pids)
    return Set(pids).count
  }

  /// The parts of processes' memory that shown columns or the order need.
  var memoryParts: ProcessMemory.Parts {
    chosenColumns.reduce(choice.sort.memoryPart) { $0.union($1.memoryPart) }
  }

  /// Place of the selected row; 0 without one.
  func place(_ frameContext: FrameContext) -> Int {
    selected.flatMap { frameContext.rows.firstIndex(of: $0) } ?? 0
  }
}

extension ScreenState {
  /// Closes the prompt of the filter.
  mutating func applyFilter() {
    overlay = nil
    if let word = ProcessFilter.malformed(table.filter) {
      note = "\"" + word + "\" is matched as text; thresholds: " + ProcessFilter.thresholds
    }
  }

  mutating func handleColumns(_ key: KeyPress, _ selected: Int) -> Model.Effect {
    var selected = selected
    let before = table.choice
    switch key {
    case .escape, .character("q"), .function(2): overlay = nil
    case .character(" "), .enter: selected = table.toggleColumn(selected)
    case .left, .character("-"), .function(7): selected = table.moveColumn(selected, by: -1)
    case .right, .character("+"), .function(8): selected = table.moveColumn(selected, by: 1)
    case .character("a"): table.choice.columns = nil
    default:
      guard let next = key.move(in: table.columnOrder.count, from: selected) else { return .nothing }
      selected = next
    }
    if overlay != nil { overlay = .columns(selected: selected) }
    guard table.choice != before else { return .draw }
    settings.table = table.choice
    return .save
  }

  mutating func handleSortMenu(_ key: KeyPress, _ selected: Int) -> Model.Effect {
    switch key {
    case .escape, .character("q"), .function(6): overlay = nil
    case .enter:
      overlay = nil
      // As in htop, where the column of the order keeps it.
      return order(by: table.columnOrder[min(selected, table.columnOrder.count - 1)])
    default:
      guard let next = key.move(in: table.columnOrder.count, from: selected) else { return .nothing }
      overlay = .sortMenu(selected: next)
    }
    return .draw
  }

  mutating func handleUsers(_ key: KeyPress, _ selected: Int, _ frameContext: FrameContext) -> Model.Effect {
    let users = frameContext.users
    switch key {
    case .escape, .character("q"), .character("u"): overlay = nil
    case .enter:
      overlay = nil
      let others = table.filter.split(separator: " ").filter { !$0.hasPrefix("user:") }.map(String.init)
      let user = selected == 0 || !users.indices.contains(selected - 1) ? [] : ["user:" + users[selected - 1]]
      table.filter = (user + others).joined(separator: " ")
      table.scroll = 0
    default:
      guard let next = key.move(in: users.count + 1, from: selected) else { return .nothing }
      overlay = .users(selected: next)
    }
    return .draw
  }

  /// Selects matching rows while a text is typed; F3 selects the next one.
  mutating func handleSearch(_ key: KeyPress, _ text: String, _ frameContext: FrameContext) -> Model.Effect {
    var text = text
    var place = table.place(frameContext)
    switch key {
    case .escape, .enter:
      overlay = nil
      return .draw
    case .backspace:
      guard text.popLast() != nil else {
        overlay = nil
        return .draw
      }
    case .function(3), .down: place += 1
    case .character("\u{15}"): text = ""
    case .character(let scalar):
      guard text.utf8.count < 100, scalar.properties.generalCategory != .control else { return .nothing }
      text.unicodeScalars.append(scalar)
    default: return .nothing
    }
    overlay = .search(text)
    if !text.isEmpty, !table.select(matching: text, from: place, frameContext) { note = "no process matches " + text }
    return .draw
  }

  /// Appends pasted text to the search, and ends it if the text ends with Enter.
  mutating func search(_ paste: Paste, after text: String, _ frameContext: FrameContext) -> Model.Effect {
    var text = text
    let line = paste.line
    for scalar in line.text.unicodeScalars {
      note = nil
      if scalar == "\u{8}", text.isEmpty { continue }
      _ = handleSearch(scalar == "\u{8}" ? .backspace : .character(scalar), text, frameContext)
      if case .search(let next)? = overlay { text = next }
    }
    return line.isEntered ? handleSearch(.enter, text, frameContext) : .draw
  }
}

extension FrameContext {
  /// The processes whose memory the table shows: all where rows are ordered by it or combine processes.
  func memoryPIDs(_ table: TableState) -> [Int32] {
    let needsAll = !table.sort.memoryPart.isEmpty || table.isFolded && !table.isTree
    // The largest first: another agent reads a limited number.
    if needsAll { return processes.sorted { $0.resident > $1.resident }.map(\.pid) }
    return Array(rows.dropFirst(table.scroll).prefix(visibleRows))
  }

  /// The processes whose threads the table shows even if they are idle: the selected one, and those that the filter
  /// matches.
  func threadsOf(_ table: TableState) -> Set<Int32> {
    guard table.hasThreadRows else { return [] }
    var processes = Set([table.selected].compactMap(\.self).map { owners[$0] ?? $0 })
    if !table.filter.isEmpty {
      for row in self.table where row.owner != nil || row.process.threads > 1 {
        processes.insert(row.owner ?? row.process.pid)
      }
    }
    return processes
  }

  /// Users of the known processes.
  var users: [String] { Set(processes.map(\.user)).filter { !$0.isEmpty }.sorted() }
}

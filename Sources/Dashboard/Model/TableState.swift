internal import AgentMetrics

/// Sort order and row choice of the process table, kept in the config file.
struct TableChoice: Equatable {
  var sort = ProcessColumn.cpu
  var isReversed = false
  var isTree = false
  /// Whether processes with equal name, user and service share one row.
  var isFolded = false
  /// Whether threads have rows of their own.
  var showsThreads = false
  var showsKernelThreads = false
  /// The columns in their order; nil for those that fit the width.
  var columns: [ProcessColumn]?
  /// Whether command lines have the program's whole path.
  var showsFullCommand = true
}

/// The visible part of the process table in a frame.
struct TableWindow: Equatable {
  /// Number of visible rows; 0 where the frame after it had no table.
  var visible: Int
  var kind: TableContents.TableKind
  /// Whether the selected row is among them.
  var showsSelection: Bool
}

/// State of the process table: its choice, and the filter, selection and scroll of this session.
@dynamicMemberLookup
struct TableState: Equatable {
  var choice = TableChoice()
  var filter = ""
  /// The selected process.
  var selected: Int32?
  /// Processes that a signal goes to, instead of the selected one.
  var tagged: Set<Int32> = []
  /// Whether the table scrolls with the selected process.
  var follows = false
  /// Collapsed branches of the tree, by the pid of their root.
  var closed: Set<Int32> = []
  /// The first visible row.
  var scroll = 0
  /// The first visible one of chosen columns; beyond them, steps into the command line.
  var firstColumn = 0

  subscript<Value>(dynamicMember member: WritableKeyPath<TableChoice, Value>) -> Value {
    get { choice[keyPath: member] }
    set { choice[keyPath: member] = newValue }
  }
  /// Whether threads are rows: a folded row stands for whole processes.
  var hasThreadRows: Bool { choice.showsThreads && (choice.isTree || !choice.isFolded) }

  /// Sorts by a column; by the same column again, in reverse.
  mutating func toggleSort(_ column: ProcessColumn) {
    choice.isReversed = choice.sort == column && !choice.isReversed
    choice.sort = column
    scroll = 0
  }

  /// Sorts by a column in its usual order: the largest first, texts in ascending order.
  mutating func order(by column: ProcessColumn) {
    (choice.sort, choice.isReversed, scroll) = (column, false, 0)
  }

  /// The first row to draw: the scroll position, moved to the selected row where the table got another height, or
  /// shows another kind of processes.
  func firstRow(of table: TableContents, visible: Int, last: TableWindow?) -> Int {
    let limit = max(0, table.rows.count - visible)
    let first = min(limit, max(0, scroll))
    guard let last, last.showsSelection, last.visible != visible || last.kind != table.kind, let selected,
      let place = table.rows.firstIndex(where: { $0.process.pid == selected })
    else { return first }
    return min(limit, max(place - visible + 1, min(first, place)))
  }

  /// Moves the selection, or selects the first visible row; false if there are no rows.
  mutating func moveSelection(by step: Int, _ frameContext: FrameContext) -> Bool {
    let rows = frameContext.rows
    guard !rows.isEmpty else { return false }
    var place = step > 0 ? min(rows.count - 1, scroll) : 0
    if let selected, let now = rows.firstIndex(of: selected) { place = min(rows.count - 1, max(0, now + step)) }
    select(place, frameContext)
    return true
  }

  /// Selects a row and scrolls to it.
  mutating func select(_ place: Int, _ frameContext: FrameContext) {
    selected = frameContext.rows[place]
    scroll = min(frameContext.lastScroll, max(place - frameContext.visibleRows + 1, min(scroll, place)))
  }

  /// Moves the selection, or scrolls if no row is selected; false without a change.
  mutating func page(by step: Int, _ frameContext: FrameContext) -> Bool {
    selected == nil ? scroll(by: step, frameContext) : moveSelection(by: step, frameContext)
  }

  /// Scrolls within the rows; false if it stands at the end already.
  mutating func scroll(by step: Int, _ frameContext: FrameContext) -> Bool {
    let next = min(frameContext.lastScroll, max(0, scroll + step))
    defer { scroll = next }
    return next != scroll
  }

  // MARK: Filter

  /// Maximum bytes of a filter.
  private static let maxFilterLength = 200

  /// Appends a character to the filter; false if it is full or the character does not belong there.
  mutating func type(_ scalar: Unicode.Scalar) -> Bool {
    guard filter.utf8.count < Self.maxFilterLength, scalar.properties.generalCategory != .control else { return false }
    filter.unicodeScalars.append(scalar)
    scroll = 0
    return true
  }

  /// Appends pasted text to the filter; true if it ended with Enter.
  mutating func type(_ paste: Paste) -> Bool {
    let line = paste.line
    for scalar in line.text.unicodeScalars {
      if scalar == "\u{8}" {
        _ = filter.popLast()
      } else if !type(scalar), scalar == "\t", filter.last != " " {
        filter.append(" ")
      }
    }
    while filter.hasSuffix(" ") { filter.removeLast() }
    scroll = 0
    return line.isEntered
  }
}

/// Sort order and row choice of the process table, kept in the config file.
struct TableChoice: Equatable {
  var sort = ProcessColumn.cpu
  var isReversed = false
  var isTree = false
  /// Whether processes of one name, user and service are one row.
  var isFolded = false
  /// Whether threads of processes are rows too.
  var showsThreads = false
  var showsKernelThreads = false
}

/// State of the process table: its choice, and the filter, selection and scroll of this session.
@dynamicMemberLookup
struct TableState: Equatable {
  var choice = TableChoice()
  var filter = ""
  /// The selected process.
  var selected: Int32?
  /// Whether the table scrolls with the selected process.
  var follows = false
  /// Collapsed branches of the tree, by the pid of their root.
  var closed: Set<Int32> = []
  /// The first visible row.
  var scroll = 0

  subscript<Value>(dynamicMember member: WritableKeyPath<TableChoice, Value>) -> Value {
    get { choice[keyPath: member] }
    set { choice[keyPath: member] = newValue }
  }
}

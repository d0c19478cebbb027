/// The selected row of the boxes with a list.
extension ScreenState.Overlay {
  /// nil for boxes without a list.
  var selected: Int? {
    get {
      switch self {
      case .explain(_, let selected), .settings(let selected), .alone(let selected), .columns(let selected),
        .sortMenu(let selected), .users(let selected):
        selected
      case .workloads(let choice): choice.selected
      case .ranking(let choice): choice.selected
      case .events(let choice): choice.selected
      case .comparison(let choice): choice.selected
      case .waste(let choice): choice.selected
      case .signal(let dialog): dialog.isAsked ? nil : dialog.selected
      case .ioPriority(let dialog): dialog.selected
      case .help, .details, .filter, .search, .jump: nil
      }
    }
    set {
      guard let row = newValue else { return }
      switch self {
      case .explain(let panel, _): self = .explain(panel, selected: row)
      case .settings: self = .settings(selected: row)
      case .alone: self = .alone(selected: row)
      case .columns: self = .columns(selected: row)
      case .sortMenu: self = .sortMenu(selected: row)
      case .users: self = .users(selected: row)
      case .workloads(var choice):
        (choice.selected, choice.scroll) = (row, 0)
        self = .workloads(choice)
      case .ranking(var choice):
        choice.selected = row
        self = .ranking(choice)
      case .events(var choice):
        choice.selected = row
        self = .events(choice)
      case .comparison(var choice):
        choice.selected = row
        self = .comparison(choice)
      case .waste(var choice):
        choice.selected = row
        self = .waste(choice)
      case .signal(var dialog):
        (dialog.selected, dialog.typed) = (row, 0)
        self = .signal(dialog)
      case .ioPriority(var dialog):
        dialog.selected = row
        self = .ioPriority(dialog)
      case .help, .details, .filter, .search, .jump: break
      }
    }
  }

  /// Whether Enter closes the list, whatever row is selected.
  var closesOnEnter: Bool {
    switch self {
    case .explain, .ranking, .comparison, .waste: true
    default: false
    }
  }
}

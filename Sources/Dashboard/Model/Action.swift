/// Command of a key on the main screen, grouped as the help is.
enum Action: Hashable {
  case quit, help, explain, settings, redraw, suspend, back, theme, glyphs, silence, workloads, users, events
  case time(TimeAction)
  case panels(PanelAction)
  case table(TableAction)

  enum TimeAction: Hashable {
    case step(Int), page(Int), oldest, now, pause, space, event(Int), zoom(Int), autoZoom, mark, jump, copyLink,
      compare, waste
  }

  enum PanelAction: Hashable {
    case layout(Int), toggle(PanelDescriptor), showAll, focus(Int), open, alone
    /// Scrolling of the process table or the focused panel.
    case page(Int), first, last
  }

  enum TableAction: Hashable {
    case row(Int), sort(Int), sortBy(ProcessColumn), order(ProcessColumn), reverse, filter, tree, fold, follow
    case kernelThreads, threads
    case details(DetailTopic), signal, ioPriority, tagAll, columns, sortMenu, users, search, renice(Int), scrollColumns(
      Int), untag
  }

  /// Whether it changes a persistent setting.
  var changesSettings: Bool {
    switch self {
    case .theme, .glyphs, .panels(.layout), .panels(.toggle), .panels(.showAll), .table(.sort), .table(.sortBy),
      .table(.order), .table(.reverse), .table(.tree), .table(.fold), .table(.kernelThreads), .table(.threads):
      true
    default: false
    }
  }
}

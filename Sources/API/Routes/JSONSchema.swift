internal import AgentMetrics
internal import Query

/// The subset of JSON Schema (draft 2020-12) that the OpenAPI document needs.
indirect enum JSONSchema: Sendable {
  struct Member: Sendable {
    let name: String
    let schema: JSONSchema
    var help = ""
    var isRequired = false
  }

  case any
  case text
  /// A text that matches a regular expression (ECMA-262).
  case pattern(String)
  /// The only allowed text.
  case constant(String)
  case words([String], default: String? = nil)
  /// An integer of at most 64 bits, unless it is `unbounded`.
  case integer(minimum: Int? = nil, maximum: Int? = nil, default: Int? = nil, unbounded: Bool = false)
  case number
  case numberOrNull
  case truth
  case list(JSONSchema)
  case object([Member])
  /// Members with any name.
  case map(JSONSchema)
  case oneOf([JSONSchema])
  /// A time in RFC 3339.
  case timestamp
  /// A time in RFC 3339 or in seconds.
  case time
  case component(String)

  /// Writes it as a member, or as an element without a name; `help` becomes its description.
  func write(_ name: String?, to writer: JSONWriter, help: String = "") {
    writer.beginObject(name)
    if !help.isEmpty { writer.member("description", help) }
    switch self {
    case .any: break
    case .text: writer.member("type", "string")
    case .pattern(let pattern):
      writer.member("type", "string")
      writer.member("pattern", pattern)
    case .constant(let value):
      writer.member("type", "string")
      writer.member("const", value)
    case .words(let words, let fallback):
      writer.member("type", "string")
      writer.beginArray("enum")
      for word in words { writer.member(nil, word) }
      writer.endArray()
      if let fallback { writer.member("default", fallback) }
    case .integer(let minimum, let maximum, let fallback, let isUnbounded):
      writer.member("type", "integer")
      if !isUnbounded { writer.member("format", "int64") }
      for case (let name, let limit?) in [("minimum", minimum), ("maximum", maximum), ("default", fallback)] {
        writer.member(name, limit)
      }
    case .number:
      writer.member("type", "number")
      writer.member("format", "double")
    case .numberOrNull:
      writer.beginArray("type")
      writer.member(nil, "number")
      writer.member(nil, "null")
      writer.endArray()
      writer.member("format", "double")
    case .truth: writer.member("type", "boolean")
    case .list(let element):
      writer.member("type", "array")
      element.write("items", to: writer)
    case .object(let members): Self.write(members, to: writer)
    case .map(let value):
      writer.member("type", "object")
      value.write("additionalProperties", to: writer)
    case .oneOf(let schemas):
      writer.beginArray("oneOf")
      for schema in schemas { schema.write(nil, to: writer) }
      writer.endArray()
    case .timestamp:
      writer.member("type", "string")
      writer.member("format", "date-time")
    case .time: Self.writeTime(to: writer)
    case .component(let name): writer.member("$ref", "#/components/schemas/" + name)
    }
    writer.endObject()
  }

  private static func writeTime(to writer: JSONWriter) {
    writer.beginArray("anyOf")
    JSONSchema.timestamp.write(nil, to: writer)
    writer.beginObject()
    writer.member("type", "number")
    writer.member("format", "double")
    writer.member("minimum", 0)
    writer.member("maximum", Timestamp.maxSeconds)
    writer.endObject()
    writer.endArray()
  }

  private static func write(_ members: [Member], to writer: JSONWriter) {
    writer.member("type", "object")
    writer.beginObject("properties")
    for member in members { member.schema.write(member.name, to: writer, help: member.help) }
    writer.endObject()
    if members.contains(where: \.isRequired) {
      writer.beginArray("required")
      for member in members where member.isRequired { writer.member(nil, member.name) }
      writer.endArray()
    }
    // Other members are not allowed: a test validates real responses against this.
    writer.member("additionalProperties", false)
  }
}

extension JSONSchema {
  /// The object that ``JSONWriter`` writes of a group.
  init<Group>(_ table: Table<Group>) {
    self = .object(Self.members(table.nodes))
  }

  /// The members of a group or list of a tree of fields; nil for its outermost.
  static func members(_ nodes: [Catalog.Node], in group: Int? = nil) -> [Member] {
    nodes.children(of: group).map { number in
      let node = nodes[number]
      return Member(
        name: node.definition.name, schema: schema(of: number, nodes), help: node.definition.help,
        isRequired: node.isRequired)
    }
  }

  private static func schema(of number: Int, _ nodes: [Catalog.Node]) -> JSONSchema {
    let definition = nodes[number].definition
    return switch (nodes[number].kind, definition.kind) {
    case (.group, _): .object(members(nodes, in: number))
    case (.list, _): .list(.object(members(nodes, in: number)))
    case (.value, .counter): definition.isWhole ? .integer(minimum: 0) : .number
    case (.value, .gauge): definition.isWhole ? .integer() : .number
    case (.value, .flag): .truth
    case (.value, .info):
      switch definition.text {
      case .free: .text
      case .timestamp: .timestamp
      case .words(let words): .words(words)
      }
    }
  }
}

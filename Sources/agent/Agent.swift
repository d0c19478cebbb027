import ArgumentParser
import AgentMetrics
@main struct A: ParsableCommand { mutating func run() { print("hi") } }

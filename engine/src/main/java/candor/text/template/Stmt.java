package candor.text.template;

import java.util.List;

/** A statement; {@code line} is where it stands in the template. */
sealed interface Stmt {
    int line();

    record Text(String text, int line) implements Stmt {}

    /** <code>{{ value }}</code>. */
    record Print(Expr value, int line) implements Stmt {}

    record If(List<Branch> branches, List<Stmt> otherwise, int line) implements Stmt {}

    record Branch(Expr test, List<Stmt> body) {}

    /** {@code for target in items if filter}; filter may be null; otherwise runs where no item was left. */
    record For(Target target, Expr items, Expr filter, List<Stmt> body, List<Stmt> otherwise, int line)
            implements Stmt {}

    record Set(Target target, Expr value, int line) implements Stmt {}

    /** {@code set name | filters} … {@code endset}. */
    record SetBlock(Target target, List<Expr.Filter> filters, List<Stmt> body, int line) implements Stmt {}

    record Define(MacroCode macro, int line) implements Stmt {}

    /** A macro's code; the default of a parameter may be null. */
    record MacroCode(String name, List<Parameter> parameters, List<Stmt> body) {}

    record Parameter(String name, Expr standard) {}

    /** {@code call(parameters) macro(…)}: the body is handed over as {@code caller}. */
    record CallBlock(Expr.Call call, MacroCode caller, int line) implements Stmt {}

    record FilterBlock(List<Expr.Filter> filters, List<Stmt> body, int line) implements Stmt {}

    record With(List<Set> assignments, List<Stmt> body, int line) implements Stmt {}

    /** {@code generation}: Hugging Face's mark around what the assistant says. */
    record Generation(List<Stmt> body, int line) implements Stmt {}

    record Break(int line) implements Stmt {}

    record Continue(int line) implements Stmt {}

    /** What an assignment or a loop assigns to. */
    sealed interface Target {
        /** The variables that it assigns; a namespace's field is none. */
        default List<String> names() {
            return switch (this) {
                case Variable variable -> List.of(variable.name());
                case Unpack unpack ->
                    unpack.targets().stream()
                            .flatMap(part -> part.names().stream())
                            .toList();
                case NamespaceField field -> List.of();
            };
        }
    }

    record Variable(String name) implements Target {}

    record Unpack(List<Target> targets) implements Target {}

    record NamespaceField(String namespace, String field) implements Target {}
}

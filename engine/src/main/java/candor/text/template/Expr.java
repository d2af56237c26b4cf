package candor.text.template;

import java.util.List;
import java.util.Map;

/** An expression; {@code line} is where it stands in the template. */
sealed interface Expr {
    int line();

    record Const(Object value, int line) implements Expr {}

    record Name(String name, int line) implements Expr {}

    record ListOf(List<Expr> items, int line) implements Expr {}

    record TupleOf(List<Expr> items, int line) implements Expr {}

    record DictOf(List<Entry> entries, int line) implements Expr {}

    record Entry(Expr key, Expr value) {}

    /** {@code object.name}: an attribute, or else an item. */
    record Attribute(Expr object, String name, int line) implements Expr {}

    /** {@code object[key]}: an item, or else an attribute. */
    record Item(Expr object, Expr key, int line) implements Expr {}

    /** {@code object[start:stop:step]}; each of the three may be null. */
    record Slice(Expr object, Expr start, Expr stop, Expr step, int line) implements Expr {}

    record Call(Expr function, Args args, int line) implements Expr {}

    /** {@code input | name(args)}; the input is null in a filter block and in {@code set … | filter}. */
    record Filter(Expr input, String name, Args args, int line) implements Expr {}

    record Test(Expr input, String name, Args args, int line) implements Expr {}

    record Args(List<Expr> positional, Map<String, Expr> named) {
        static final Args NONE = new Args(List.of(), Map.of());
    }

    record Negate(Expr operand, boolean minus, int line) implements Expr {}

    record Not(Expr operand, int line) implements Expr {}

    record And(Expr left, Expr right, int line) implements Expr {}

    record Or(Expr left, Expr right, int line) implements Expr {}

    /** {@code + - * / // % **}. */
    record Binary(String operator, Expr left, Expr right, int line) implements Expr {}

    /** {@code a ~ b ~ c}. */
    record Concat(List<Expr> parts, int line) implements Expr {}

    /** {@code a < b <= c}: each neighbour pair is compared, as in Python. */
    record Compare(Expr first, List<Comparison> rest, int line) implements Expr {}

    record Comparison(String operator, Expr right) {}

    /** {@code then if test else otherwise}; without {@code else}, otherwise is null. */
    record Conditional(Expr test, Expr then, Expr otherwise, int line) implements Expr {}
}

package candor.text.template;

import candor.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Expressions, by recursive descent. From loose to tight: {@code if}, {@code or}, {@code and}, {@code not}, comparisons,
 * {@code + -}, {@code ~}, {@code * / // %}, {@code **} (to the left, unlike Python's), signs, then what {@link
 * OperandParser} reads.
 */
final class ExpressionParser {
    private static final List<String> COMPARISONS = List.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream in;
    private final OperandParser operands;

    ExpressionParser(TokenStream in) {
        this.in = in;
        this.operands = new OperandParser(in, this);
    }

    Expr expression() {
        return conditional(true);
    }

    /** An expression, or a tuple without parentheses. */
    Expr tuple(boolean conditional) {
        return tuple(conditional, false);
    }

    /** What stands behind an opening parenthesis: any expression, a tuple, or nothing. */
    Expr parenthesised() {
        return tuple(true, true);
    }

    private Expr tuple(boolean conditional, boolean parenthesised) {
        int line = in.line();
        List<Expr> items = new ArrayList<>();
        boolean comma = false;
        while (!tupleEnds()) {
            items.add(conditional(conditional));
            if (!in.skip(",")) {
                break;
            }
            comma = true;
        }
        if (items.size() == 1 && !comma) {
            return items.get(0);
        }
        if (items.isEmpty() && !parenthesised) {
            throw in.unexpected("an expression");
        }
        return new Expr.TupleOf(items, line);
    }

    /** One filter, its name being next. */
    Expr.Filter filter(Expr input) {
        return operands.filter(input);
    }

    private boolean tupleEnds() {
        Token t = in.current();
        return t.is(Kind.VARIABLE_END) || t.is(Kind.BLOCK_END) || t.operator(")");
    }

    private Expr conditional(boolean allowed) {
        in.enter();
        Expr value = or();
        while (allowed && in.current().name("if")) {
            int line = in.next().line();
            Expr test = or();
            Expr otherwise = in.skipName("else") ? conditional(true) : null;
            value = new Expr.Conditional(test, value, otherwise, line);
        }
        in.leave();
        return value;
    }

    private Expr or() {
        Expr left = and();
        while (in.current().name("or")) {
            int line = in.next().line();
            left = new Expr.Or(left, and(), line);
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (in.current().name("and")) {
            int line = in.next().line();
            left = new Expr.And(left, not(), line);
        }
        return left;
    }

    private Expr not() {
        if (!in.current().name("not")) {
            return compare();
        }
        in.enter();
        int line = in.next().line();
        Expr result = new Expr.Not(not(), line);
        in.leave();
        return result;
    }

    private Expr compare() {
        Expr first = sum();
        int line = in.line();
        List<Expr.Comparison> rest = new ArrayList<>();
        while (true) {
            Token t = in.current();
            if (t.is(Kind.OPERATOR) && COMPARISONS.contains(t.text())) {
                in.next();
                rest.add(new Expr.Comparison(t.text(), sum()));
            } else if (in.skipName("in")) {
                rest.add(new Expr.Comparison("in", sum()));
            } else if (t.name("not") && in.ahead().name("in")) {
                in.next();
                in.next();
                rest.add(new Expr.Comparison("not in", sum()));
            } else {
                return rest.isEmpty() ? first : new Expr.Compare(first, rest, line);
            }
        }
    }

    private Expr sum() {
        Expr left = concat();
        while (in.current().operator("+") || in.current().operator("-")) {
            Token t = in.next();
            left = new Expr.Binary(t.text(), left, concat(), t.line());
        }
        return left;
    }

    private Expr concat() {
        Expr first = product();
        if (!in.current().operator("~")) {
            return first;
        }
        int line = in.line();
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (in.skip("~")) {
            parts.add(product());
        }
        return new Expr.Concat(parts, line);
    }

    private Expr product() {
        Expr left = power();
        while (in.current().operator("*")
                || in.current().operator("/")
                || in.current().operator("//")
                || in.current().operator("%")) {
            Token t = in.next();
            left = new Expr.Binary(t.text(), left, power(), t.line());
        }
        return left;
    }

    private Expr power() {
        Expr left = unary(true);
        while (in.current().operator("**")) {
            Token t = in.next();
            left = new Expr.Binary(t.text(), left, unary(true), t.line());
        }
        return left;
    }

    private Expr unary(boolean withFilters) {
        Token t = in.current();
        Expr node;
        if (t.operator("-") || t.operator("+")) {
            in.enter();
            in.next();
            node = new Expr.Negate(unary(false), t.operator("-"), t.line());
            in.leave();
        } else {
            node = operands.primary();
        }
        node = operands.postfix(node);
        return withFilters ? operands.filters(node) : node;
    }
}

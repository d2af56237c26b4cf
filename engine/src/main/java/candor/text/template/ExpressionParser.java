package candor.text.template;

import candor.text.template.Expr.Args;
import candor.text.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Expressions, by recursive descent. From loose to tight: {@code if}, {@code or}, {@code and}, {@code not}, comparisons,
 * {@code + -}, {@code ~}, {@code * / // %}, {@code **} (to the left, unlike Python's), signs, then postfix: {@code .},
 * {@code []}, calls, filters, and {@code is}.
 */
final class ExpressionParser {
    private static final List<String> COMPARISONS = List.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream in;

    ExpressionParser(TokenStream in) {
        this.in = in;
    }

    Expr expression() {
        return conditional(true);
    }

    /** An expression, or a tuple without parentheses. */
    Expr tuple(boolean conditional) {
        return tuple(conditional, false);
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
            node = primary();
        }
        node = postfix(node);
        return withFilters ? filters(node) : node;
    }

    private Expr primary() {
        Token t = in.next();
        return switch (t.kind()) {
            case NAME ->
                switch (t.text()) {
                    case "true", "True" -> new Expr.Const(true, t.line());
                    case "false", "False" -> new Expr.Const(false, t.line());
                    case "none", "None" -> new Expr.Const(null, t.line());
                    default -> new Expr.Name(t.text(), t.line());
                };
            case STRING -> {
                StringBuilder text = new StringBuilder(t.text());
                while (in.current().is(Kind.STRING)) {
                    text.append(in.next().text());
                }
                yield new Expr.Const(text.toString(), t.line());
            }
            case INTEGER -> new Expr.Const(integer(t), t.line());
            case FLOAT -> new Expr.Const(Double.parseDouble(t.text()), t.line());
            case OPERATOR -> {
                switch (t.text()) {
                    case "(" -> {
                        Expr inner = tuple(true, true);
                        in.expect(")");
                        yield inner;
                    }
                    case "[" -> {
                        yield list(t.line());
                    }
                    case "{" -> {
                        yield dict(t.line());
                    }
                    default -> throw new TemplateError("unexpected '" + t.text() + "'", t.line());
                }
            }
            default -> throw new TemplateError("expected an expression, found " + t.describe(), t.line());
        };
    }

    private static Object integer(Token t) {
        int radix = NumberSyntax.radixOf(t.text());
        if (t.text().length() > 4300) {
            throw new TemplateError("an integer of more than 4300 digits", t.line());
        }
        return Numbers.normal(new BigInteger(radix == 10 ? t.text() : t.text().substring(2), radix));
    }

    private Expr list(int line) {
        List<Expr> items = new ArrayList<>();
        while (!in.current().operator("]")) {
            if (!items.isEmpty()) {
                in.expect(",");
            }
            if (in.current().operator("]")) {
                break;
            }
            items.add(expression());
        }
        in.expect("]");
        return new Expr.ListOf(items, line);
    }

    private Expr dict(int line) {
        List<Expr.Entry> entries = new ArrayList<>();
        while (!in.current().operator("}")) {
            if (!entries.isEmpty()) {
                in.expect(",");
            }
            if (in.current().operator("}")) {
                break;
            }
            Expr key = expression();
            in.expect(":");
            entries.add(new Expr.Entry(key, expression()));
        }
        in.expect("}");
        return new Expr.DictOf(entries, line);
    }

    private Expr postfix(Expr start) {
        Expr node = start;
        while (true) {
            int line = in.line();
            if (in.skip(".")) {
                Token t = in.next();
                node = switch (t.kind()) {
                    case NAME -> new Expr.Attribute(node, t.text(), line);
                    case INTEGER -> new Expr.Item(node, new Expr.Const(integer(t), line), line);
                    default -> throw new TemplateError("expected a name or a number after '.', found " + t.describe(), line);
                };
            } else if (in.skip("[")) {
                node = subscript(node, line);
            } else if (in.current().operator("(")) {
                node = new Expr.Call(node, arguments(), line);
            } else {
                return node;
            }
        }
    }

    private Expr subscript(Expr object, int line) {
        Expr start = in.current().operator(":") ? null : expression();
        Expr result;
        if (in.skip(":")) {
            Expr stop = sliceEnds() ? null : expression();
            Expr step = in.skip(":") && !sliceEnds() ? expression() : null;
            result = new Expr.Slice(object, start, stop, step, line);
        } else {
            result = new Expr.Item(object, start, line);
        }
        if (in.current().operator(",")) {
            throw new TemplateError("several indices in '[…]' are not supported by Candor's template engine", line);
        }
        in.expect("]");
        return result;
    }

    private boolean sliceEnds() {
        Token t = in.current();
        return t.operator("]") || t.operator(":") || t.operator(",");
    }

    /** Filters, tests, and calls of what they give. */
    private Expr filters(Expr start) {
        Expr node = start;
        while (true) {
            if (in.current().operator("|")) {
                in.next();
                node = filter(node);
            } else if (in.current().name("is")) {
                node = test(node);
            } else if (in.current().operator("(")) {
                int line = in.line();
                node = new Expr.Call(node, arguments(), line);
            } else {
                return node;
            }
        }
    }

    /** One filter, its name being next. */
    Expr.Filter filter(Expr input) {
        Token name = in.expect(Kind.NAME);
        String full = dotted(name);
        Args args = in.current().operator("(") ? arguments() : Args.NONE;
        return new Expr.Filter(input, full, args, name.line());
    }

    private String dotted(Token first) {
        StringBuilder name = new StringBuilder(first.text());
        while (in.skip(".")) {
            name.append('.').append(in.expect(Kind.NAME).text());
        }
        return name.toString();
    }

    private Expr test(Expr input) {
        in.next();
        boolean negated = in.skipName("not");
        Token name = in.expect(Kind.NAME);
        String full = dotted(name);
        Args args = Args.NONE;
        Token t = in.current();
        if (t.operator("(")) {
            args = arguments();
        } else if (startsTestArgument(t)) {
            if (t.name("is")) {
                throw new TemplateError("tests cannot be chained with 'is'", t.line());
            }
            in.enter();
            args = new Args(List.of(postfix(primary())), Map.of());
            in.leave();
        }
        Expr result = new Expr.Test(input, full, args, name.line());
        return negated ? new Expr.Not(result, name.line()) : result;
    }

    private static boolean startsTestArgument(Token t) {
        return switch (t.kind()) {
            case NAME -> !t.text().equals("else") && !t.text().equals("or") && !t.text().equals("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> t.text().equals("[") || t.text().equals("{");
            default -> false;
        };
    }

    Args arguments() {
        in.expect("(");
        List<Expr> positional = new ArrayList<>();
        Map<String, Expr> named = new LinkedHashMap<>();
        boolean first = true;
        while (!in.current().operator(")")) {
            if (!first) {
                in.expect(",");
                if (in.current().operator(")")) {
                    break;
                }
            }
            first = false;
            Token t = in.current();
            if (t.operator("*") || t.operator("**")) {
                throw new TemplateError("'" + t.text() + "' arguments are not supported by Candor's template engine", t.line());
            }
            if (t.is(Kind.NAME) && in.ahead().operator("=")) {
                in.next();
                in.next();
                if (named.put(t.text(), expression()) != null) {
                    throw new TemplateError("the argument '" + t.text() + "' is given twice", t.line());
                }
            } else if (!named.isEmpty()) {
                throw new TemplateError("a positional argument follows a named one", t.line());
            } else {
                positional.add(expression());
            }
        }
        in.expect(")");
        return new Args(positional, named);
    }
}

package candor.text.template;

import candor.text.template.Expr.Args;
import candor.text.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The operands of expressions: names, literals and what stands in brackets, with what follows them: {@code .}, {@code []},
 * calls, filters, and {@code is}.
 */
final class OperandParser {
    private final TokenStream in;
    private final ExpressionParser expressions;

    /** @param expressions reads what stands in brackets */
    OperandParser(TokenStream in, ExpressionParser expressions) {
        this.in = in;
        this.expressions = expressions;
    }

    /** A name, a literal, or an expression in brackets. */
    Expr primary() {
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
                        Expr inner = expressions.parenthesised();
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
            items.add(expressions.expression());
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
            Expr key = expressions.expression();
            in.expect(":");
            entries.add(new Expr.Entry(key, expressions.expression()));
        }
        in.expect("}");
        return new Expr.DictOf(entries, line);
    }

    /** {@code .name}, {@code [key]} and calls behind an operand. */
    Expr postfix(Expr start) {
        Expr node = start;
        while (true) {
            int line = in.line();
            if (in.skip(".")) {
                Token t = in.next();
                node = switch (t.kind()) {
                    case NAME -> new Expr.Attribute(node, t.text(), line);
                    case INTEGER -> new Expr.Item(node, new Expr.Const(integer(t), line), line);
                    default ->
                        throw new TemplateError("expected a name or a number after '.', found " + t.describe(), line);
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
        Expr start = in.current().operator(":") ? null : expressions.expression();
        Expr result;
        if (in.skip(":")) {
            Expr stop = sliceEnds() ? null : expressions.expression();
            Expr step = in.skip(":") && !sliceEnds() ? expressions.expression() : null;
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
    Expr filters(Expr start) {
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
            case NAME ->
                !t.text().equals("else") && !t.text().equals("or") && !t.text().equals("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> t.text().equals("[") || t.text().equals("{");
            default -> false;
        };
    }

    private Args arguments() {
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
                throw new TemplateError(
                        "'" + t.text() + "' arguments are not supported by Candor's template engine", t.line());
            }
            if (t.is(Kind.NAME) && in.ahead().operator("=")) {
                in.next();
                in.next();
                if (named.put(t.text(), expressions.expression()) != null) {
                    throw new TemplateError("the argument '" + t.text() + "' is given twice", t.line());
                }
            } else if (!named.isEmpty()) {
                throw new TemplateError("a positional argument follows a named one", t.line());
            } else {
                positional.add(expressions.expression());
            }
        }
        in.expect(")");
        return new Args(positional, named);
    }
}

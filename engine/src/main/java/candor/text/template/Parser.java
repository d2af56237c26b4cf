package candor.text.template;

import candor.text.template.Stmt.Target;
import candor.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Statements. */
final class Parser {
    /** Statements of Jinja or of its well-known extensions that chat templates do without. */
    private static final Set<String> UNSUPPORTED =
            Set.of("block", "extends", "include", "import", "from", "autoescape", "do", "trans", "print", "debug");

    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

    private final TokenStream in;
    private final ExpressionParser expressions;

    private Parser(TokenStream in) {
        this.in = in;
        this.expressions = new ExpressionParser(in);
    }

    static List<Stmt> parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokenize(source)));
        return parser.body(Set.of(), "the template", 0);
    }

    /** Statements up to a tag that starts with one of the given words, which becomes the current token. */
    private List<Stmt> body(Set<String> ends, String opener, int openedAt) {
        in.enter();
        List<Stmt> out = new ArrayList<>();
        while (true) {
            Token t = in.current();
            switch (t.kind()) {
                case DATA -> out.add(new Stmt.Text(in.next().text(), t.line()));
                case VARIABLE_BEGIN -> {
                    in.next();
                    out.add(new Stmt.Print(expressions.tuple(true), t.line()));
                    in.expect(Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    in.next();
                    Token word = in.current();
                    if (word.is(Kind.NAME) && ends.contains(word.text())) {
                        in.leave();
                        return List.copyOf(out);
                    }
                    out.add(statement());
                    in.expect(Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw new TemplateError("'" + opener + "' of line " + openedAt + " is not closed", t.line());
                    }
                    in.leave();
                    return List.copyOf(out);
                }
            }
        }
    }

    /** A body with its closing tag: {@code %}} stands next, and after it the tag's end. */
    private List<Stmt> block(String opener, int line, String end) {
        in.expect(Kind.BLOCK_END);
        List<Stmt> body = body(Set.of(end), opener, line);
        in.expectName(end);
        return body;
    }

    private Stmt statement() {
        Token word = in.expect(Kind.NAME);
        int line = word.line();
        return switch (word.text()) {
            case "if" -> ifStatement(line);
            case "for" -> forStatement(line);
            case "set" -> setStatement(line);
            case "macro" -> macroStatement(line);
            case "call" -> callStatement(line);
            case "with" -> withStatement(line);
            case "filter" -> {
                List<Expr.Filter> filters = new ArrayList<>(List.of(expressions.filter(null)));
                filters.addAll(moreFilters());
                yield new Stmt.FilterBlock(filters, block("filter", line, "endfilter"), line);
            }
            case "generation" -> new Stmt.Generation(block("generation", line, "endgeneration"), line);
            case "break" -> new Stmt.Break(line);
            case "continue" -> new Stmt.Continue(line);
            default -> {
                String what = "the statement '" + word.text() + "'";
                throw new TemplateError(
                        UNSUPPORTED.contains(word.text())
                                ? what + " is not supported by Candor's template engine"
                                : what + " is unknown or stands in the wrong place",
                        line);
            }
        };
    }

    private List<Expr.Filter> moreFilters() {
        List<Expr.Filter> filters = new ArrayList<>();
        while (in.skip("|")) {
            filters.add(expressions.filter(null));
        }
        return filters;
    }

    private Stmt ifStatement(int line) {
        List<Stmt.Branch> branches = new ArrayList<>();
        List<Stmt> otherwise = List.of();
        Set<String> ends = Set.of("elif", "else", "endif");
        while (true) {
            Expr test = expressions.tuple(false);
            in.expect(Kind.BLOCK_END);
            branches.add(new Stmt.Branch(test, body(ends, "if", line)));
            if (in.skipName("elif")) {
                continue;
            }
            if (in.skipName("else")) {
                otherwise = block("else", line, "endif");
            } else {
                in.expectName("endif");
            }
            return new Stmt.If(branches, otherwise, line);
        }
    }

    private Stmt forStatement(int line) {
        Target target = target(false);
        if (target.names().contains("loop")) {
            throw new TemplateError("a loop cannot assign to 'loop'", line);
        }
        in.expectName("in");
        Expr items = expressions.tuple(false);
        Expr filter = in.skipName("if") ? expressions.expression() : null;
        if (in.current().name("recursive")) {
            throw new TemplateError("recursive loops are not supported by Candor's template engine", line);
        }
        in.expect(Kind.BLOCK_END);
        List<Stmt> body = body(Set.of("else", "endfor"), "for", line);
        List<Stmt> otherwise = List.of();
        if (in.skipName("else")) {
            otherwise = block("else", line, "endfor");
        } else {
            in.expectName("endfor");
        }
        return new Stmt.For(target, items, filter, body, otherwise, line);
    }

    private Stmt setStatement(int line) {
        Target target = target(true);
        if (in.skip("=")) {
            return new Stmt.Set(target, expressions.tuple(true), line);
        }
        if (target instanceof Stmt.Unpack) {
            throw in.unexpected("'='");
        }
        List<Expr.Filter> filters = moreFilters();
        return new Stmt.SetBlock(target, filters, block("set", line, "endset"), line);
    }

    private Target target(boolean namespaces) {
        int line = in.line();
        List<Target> targets = new ArrayList<>();
        boolean comma = false;
        while (in.current().is(Kind.NAME) && !in.current().name("in")
                || in.current().operator("(")) {
            if (in.skip("(")) {
                in.enter();
                targets.add(target(false));
                in.leave();
                in.expect(")");
            } else {
                String name = assignable();
                if (namespaces && targets.isEmpty() && in.skip(".")) {
                    return new Stmt.NamespaceField(name, in.expect(Kind.NAME).text());
                }
                targets.add(new Stmt.Variable(name));
            }
            if (!in.skip(",")) {
                break;
            }
            comma = true;
        }
        if (targets.isEmpty()) {
            throw new TemplateError(
                    "expected a name to assign to, found " + in.current().describe(), line);
        }
        return targets.size() == 1 && !comma ? targets.get(0) : new Stmt.Unpack(targets);
    }

    private String assignable() {
        Token name = in.expect(Kind.NAME);
        if (CONSTANTS.contains(name.text())) {
            throw new TemplateError("'" + name.text() + "' cannot be assigned to", name.line());
        }
        return name.text();
    }

    private Stmt macroStatement(int line) {
        String name = assignable();
        List<Stmt.Parameter> parameters = parameters();
        List<Stmt> body = block("macro", line, "endmacro");
        return new Stmt.Define(new Stmt.MacroCode(name, parameters, body), line);
    }

    private List<Stmt.Parameter> parameters() {
        List<Stmt.Parameter> out = new ArrayList<>();
        in.expect("(");
        while (!in.current().operator(")")) {
            if (!out.isEmpty()) {
                in.expect(",");
            }
            String name = assignable();
            if (out.stream().anyMatch(parameter -> parameter.name().equals(name))) {
                throw new TemplateError("two parameters are named '" + name + "'", in.line());
            }
            Expr standard = in.skip("=") ? expressions.expression() : null;
            if (standard == null && !out.isEmpty() && out.getLast().standard() != null) {
                throw new TemplateError("a parameter without a default follows one with a default", in.line());
            }
            out.add(new Stmt.Parameter(name, standard));
        }
        in.expect(")");
        return out;
    }

    private Stmt callStatement(int line) {
        List<Stmt.Parameter> parameters = in.current().operator("(") ? parameters() : List.of();
        Expr call = expressions.expression();
        if (!(call instanceof Expr.Call macroCall)) {
            throw new TemplateError("'call' wants a call of a macro", line);
        }
        List<Stmt> body = block("call", line, "endcall");
        return new Stmt.CallBlock(macroCall, new Stmt.MacroCode("caller", parameters, body), line);
    }

    private Stmt withStatement(int line) {
        List<Stmt.Set> assignments = new ArrayList<>();
        while (!in.current().is(Kind.BLOCK_END)) {
            if (!assignments.isEmpty()) {
                in.expect(",");
            }
            int at = in.line();
            Target target = target(false);
            in.expect("=");
            assignments.add(new Stmt.Set(target, expressions.expression(), at));
        }
        return new Stmt.With(assignments, block("with", line, "endwith"), line);
    }
}

package candor.text.template;

import candor.text.template.TemplateObject.Loop;
import candor.text.template.TemplateObject.Macro;
import candor.text.template.TemplateObject.Namespace;
import candor.text.template.TemplateObject.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs statements. One interpreter renders one template once. */
final class Interpreter {
    /** How a list of statements ended. */
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    final Budget budget;
    final Environment environment;
    private final Map<List<Stmt>, Set<String>> unsetNames;
    private final Evaluator evaluator;
    private final Output root;
    private final List<Template.Span> generations = new ArrayList<>();
    private int line;

    /** @param unsetNames of {@link Frames} */
    Interpreter(Map<List<Stmt>, Set<String>> unsetNames, Environment environment, Budget budget) {
        this.unsetNames = unsetNames;
        this.environment = environment;
        this.budget = budget;
        this.evaluator = new Evaluator(this);
        this.root = new Output(budget);
    }

    Template.Rendered render(List<Stmt> body, Map<String, Object> variables) {
        Scope globals = new Scope(null);
        for (String name : Functions.NAMES) {
            globals.set(name, new TemplateObject.Builtin(name));
        }
        variables.forEach(globals::set);
        run(body, frame(body, globals), root);
        return new Template.Rendered(root.toString(), List.copyOf(generations));
    }

    /** The line that is being worked on, for error messages. */
    int line() {
        return line;
    }

    void at(int newLine) {
        line = newLine;
    }

    /** The variables of a frame whose statements are {@code body}. */
    private Scope frame(List<Stmt> body, Scope outer) {
        Scope scope = new Scope(outer);
        for (String name : unsetNames.getOrDefault(body, Set.of())) {
            scope.set(name, new Undefined("'" + name + "' is undefined"));
        }
        return scope;
    }

    private void run(List<Stmt> body, Scope scope, Output out) {
        Flow flow = all(body, scope, out);
        if (flow != Flow.ON) {
            throw new TemplateError("'" + (flow == Flow.BREAK ? "break" : "continue") + "' stands outside of a loop");
        }
    }

    private Flow all(List<Stmt> body, Scope scope, Output out) {
        budget.enter();
        Flow flow = Flow.ON;
        for (int i = 0; i < body.size() && flow == Flow.ON; i++) {
            budget.steps(1);
            flow = one(body.get(i), scope, out);
        }
        budget.leave();
        return flow;
    }

    private Flow one(Stmt statement, Scope scope, Output out) {
        line = statement.line();
        switch (statement) {
            case Stmt.Text text -> out.append(text.text());
            case Stmt.Print print -> out.append(Values.text(evaluator.eval(print.value(), scope), budget));
            case Stmt.If branches -> {
                return branches(branches, scope, out);
            }
            case Stmt.For loop -> loop(loop, scope, out);
            case Stmt.Set set -> assign(set.target(), evaluator.eval(set.value(), scope), scope);
            case Stmt.SetBlock set -> {
                String text = captured(set.body(), frame(set.body(), scope));
                assign(set.target(), filtered(text, set.filters(), scope), scope);
            }
            case Stmt.Define define -> scope.set(define.macro().name(), new Macro(define.macro(), scope));
            case Stmt.CallBlock call -> {
                Macro caller = new Macro(call.caller(), scope);
                out.append(Values.text(evaluator.call(call.call(), scope, caller), budget));
            }
            case Stmt.FilterBlock filter -> {
                String text = captured(filter.body(), frame(filter.body(), scope));
                out.append(Values.text(filtered(text, filter.filters(), scope), budget));
            }
            case Stmt.With with -> {
                Scope inner = frame(with.body(), scope);
                for (Stmt.Set set : with.assignments()) {
                    // As in Jinja, a value sees the variables outside, not the other assignments.
                    assign(set.target(), evaluator.eval(set.value(), scope), inner);
                }
                run(with.body(), inner, out);
            }
            case Stmt.Generation generation -> {
                if (out != root) {
                    throw TemplateError.unsupported("a generation block inside a macro or a captured block");
                }
                int start = out.length();
                run(generation.body(), frame(generation.body(), scope), out);
                generations.add(new Template.Span(start, out.length()));
            }
            case Stmt.Break b -> {
                return Flow.BREAK;
            }
            case Stmt.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private Flow branches(Stmt.If statement, Scope scope, Output out) {
        for (Stmt.Branch branch : statement.branches()) {
            if (Values.truth(evaluator.eval(branch.test(), scope))) {
                return all(branch.body(), scope, out);
            }
        }
        return all(statement.otherwise(), scope, out);
    }

    private void loop(Stmt.For loop, Scope scope, Output out) {
        List<Object> items = Iteration.list(evaluator.eval(loop.items(), scope), budget);
        if (loop.filter() != null) {
            items = items.stream()
                    .filter(item -> {
                        Scope inner = new Scope(scope);
                        inner.set("loop", new Undefined("'loop' is undefined in the condition of a for loop"));
                        assign(loop.target(), item, inner);
                        return Values.truth(evaluator.eval(loop.filter(), inner));
                    })
                    .toList();
        }
        Loop state = new Loop(items);
        boolean completed = false;
        for (; state.index < items.size(); state.index++) {
            budget.steps(1);
            Scope inner = frame(loop.body(), scope);
            inner.set("loop", state);
            assign(loop.target(), items.get(state.index), inner);
            Flow flow = all(loop.body(), inner, out);
            completed |= flow == Flow.ON;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        // As Jinja compiles it: not where the loop was empty, but where no round of it came to its end.
        if (!completed) {
            run(loop.otherwise(), frame(loop.otherwise(), scope), out);
        }
    }

    private String captured(List<Stmt> body, Scope scope) {
        Output inner = new Output(budget);
        run(body, scope, inner);
        return inner.toString();
    }

    private Object filtered(Object value, List<Expr.Filter> filters, Scope scope) {
        Object result = value;
        for (Expr.Filter filter : filters) {
            result = evaluator.filter(filter, result, scope);
        }
        return result;
    }

    private void assign(Stmt.Target target, Object value, Scope scope) {
        switch (target) {
            case Stmt.Variable variable -> scope.set(variable.name(), value);
            case Stmt.Unpack unpack -> {
                List<Object> items = Iteration.list(value, budget);
                if (items.size() != unpack.targets().size()) {
                    throw new TemplateError(
                            unpack.targets().size() + " names cannot be assigned " + items.size() + " values");
                }
                for (int i = 0; i < items.size(); i++) {
                    assign(unpack.targets().get(i), items.get(i), scope);
                }
            }
            case Stmt.NamespaceField field -> {
                if (!(scope.get(field.namespace()) instanceof Namespace namespace)) {
                    throw new TemplateError("'" + field.namespace() + "' is no namespace: its fields cannot be set");
                }
                namespace.fields().put(field.field(), value);
            }
        }
    }

    /** Runs a macro and gives what it writes. */
    String macro(Macro macro, Arguments arguments, Macro caller) {
        budget.enter();
        int calledAt = line;
        Stmt.MacroCode code = macro.code();
        List<Stmt.Parameter> parameters = code.parameters();
        String[] names = parameters.stream().map(Stmt.Parameter::name).toArray(String[]::new);
        Arguments.Bound bound = arguments.bind(0, names);
        Scope scope = frame(code.body(), macro.scope());
        // A macro has a caller of its own or none; that of a macro around it is not seen.
        scope.set("caller", caller != null ? caller : new Undefined("no caller: the macro is not in a call block"));
        for (int i = 0; i < names.length; i++) {
            Expr standard = parameters.get(i).standard();
            Object missing = standard == null
                    ? new Undefined("parameter '" + names[i] + "' was not provided")
                    : bound.has(i) ? null : evaluator.eval(standard, scope);
            scope.set(names[i], bound.get(i, missing));
        }
        String text = captured(code.body(), scope);
        line = calledAt;
        budget.leave();
        return text;
    }
}

package candor.text.template;

import candor.text.template.TemplateObject.Macro;
import candor.text.template.TemplateObject.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates expressions. */
final class Evaluator {
    private final Interpreter interpreter;
    private final Budget budget;

    Evaluator(Interpreter interpreter) {
        this.interpreter = interpreter;
        this.budget = interpreter.budget;
    }

    Object eval(Expr expression, Scope scope) {
        budget.enter();
        interpreter.at(expression.line());
        Object value = evaluate(expression, scope);
        budget.leave();
        return value;
    }

    private Object evaluate(Expr expression, Scope scope) {
        return switch (expression) {
            case Expr.Const constant -> constant.value();
            case Expr.Name name -> scope.has(name.name()) ? scope.get(name.name()) : undefinedName(name.name());
            case Expr.ListOf list -> evalAll(list.items(), scope);
            case Expr.TupleOf tuple -> new TemplateObject.Tuple(evalAll(tuple.items(), scope));
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Attribute attribute ->
                Attributes.attribute(eval(attribute.object(), scope), attribute.name(), budget);
            case Expr.Item item -> Attributes.item(eval(item.object(), scope), eval(item.key(), scope), budget);
            case Expr.Slice slice ->
                Slices.slice(
                        eval(slice.object(), scope),
                        evalOrNull(slice.start(), scope),
                        evalOrNull(slice.stop(), scope),
                        evalOrNull(slice.step(), scope),
                        budget);
            case Expr.Call call -> call(call, scope, null);
            case Expr.Filter filter -> filter(filter, eval(filter.input(), scope), scope);
            case Expr.Test test -> {
                Object value = eval(test.input(), scope);
                Arguments arguments = arguments("the test '" + test.name() + "'", test.args(), scope);
                interpreter.at(test.line());
                yield Tests.test(test.name(), value, arguments, budget);
            }
            case Expr.Negate negate -> sign(negate, eval(negate.operand(), scope));
            case Expr.Not not -> !Values.truth(eval(not.operand(), scope));
            case Expr.And and -> {
                Object left = eval(and.left(), scope);
                yield Values.truth(left) ? eval(and.right(), scope) : left;
            }
            case Expr.Or or -> {
                Object left = eval(or.left(), scope);
                yield Values.truth(left) ? left : eval(or.right(), scope);
            }
            case Expr.Binary binary -> {
                Object left = eval(binary.left(), scope);
                Object right = eval(binary.right(), scope);
                interpreter.at(binary.line());
                yield Operators.binary(binary.operator(), left, right, budget);
            }
            case Expr.Concat concat -> concat(concat, scope);
            case Expr.Compare compare -> compare(compare, scope);
            case Expr.Conditional conditional -> {
                if (Values.truth(eval(conditional.test(), scope))) {
                    yield eval(conditional.then(), scope);
                }
                yield conditional.otherwise() != null
                        ? eval(conditional.otherwise(), scope)
                        : new Undefined("an 'if' without 'else' gave no value");
            }
        };
    }

    private static Undefined undefinedName(String name) {
        if (name.equals("varargs") || name.equals("kwargs") || name.equals("self")) {
            throw TemplateError.unsupported("'" + name + "'");
        }
        return new Undefined("'" + name + "' is undefined");
    }

    private List<Object> evalAll(List<Expr> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expr expression : expressions) {
            values.add(eval(expression, scope));
        }
        return values;
    }

    private Object evalOrNull(Expr expression, Scope scope) {
        return expression == null ? null : eval(expression, scope);
    }

    private Map<Object, Object> dict(Expr.DictOf dict, Scope scope) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Expr.Entry entry : dict.entries()) {
            Object key = eval(entry.key(), scope);
            Dicts.put(map, key, eval(entry.value(), scope), budget);
        }
        return map;
    }

    private static Object sign(Expr.Negate negate, Object value) {
        if (!Numbers.isNumber(value)) {
            throw new TemplateError("a " + Values.typeName(value) + " has no sign");
        }
        if (value instanceof Double d) {
            return negate.minus() ? -d : d;
        }
        return Numbers.normal(negate.minus() ? Numbers.big(value).negate() : Numbers.big(value));
    }

    private String concat(Expr.Concat concat, Scope scope) {
        Output out = new Output(budget);
        for (Expr part : concat.parts()) {
            out.append(Values.text(eval(part, scope), budget));
        }
        return out.toString();
    }

    private Object compare(Expr.Compare compare, Scope scope) {
        Object left = eval(compare.first(), scope);
        Object result = true;
        for (Expr.Comparison comparison : compare.rest()) {
            Object right = eval(comparison.right(), scope);
            interpreter.at(compare.line());
            result = Operators.compare(comparison.operator(), left, right, budget);
            if (!Values.truth(result)) {
                return result;
            }
            left = right;
        }
        return result;
    }

    Object filter(Expr.Filter filter, Object input, Scope scope) {
        Arguments arguments = arguments("the filter '" + filter.name() + "'", filter.args(), scope);
        interpreter.at(filter.line());
        return Filters.apply(filter.name(), input, arguments, budget);
    }

    Object call(Expr.Call call, Scope scope, Macro caller) {
        Object function = eval(call.function(), scope);
        String name =
                switch (call.function()) {
                    case Expr.Name n -> n.name() + "()";
                    case Expr.Attribute a -> a.name() + "()";
                    default -> "the call";
                };
        Arguments arguments = arguments(name, call.args(), scope);
        interpreter.at(call.line());
        if (caller != null && !(function instanceof Macro)) {
            throw TemplateError.unsupported("a call block of anything but a macro");
        }
        return switch (function) {
            case Macro macro -> interpreter.macro(macro, arguments, caller);
            case TemplateObject.Method method -> Methods.call(method.receiver(), method.name(), arguments, budget);
            case TemplateObject.Builtin builtin ->
                Functions.call(builtin.name(), arguments, interpreter.environment, budget);
            case Undefined u -> throw new TemplateError(u.message());
            case null, default -> throw new TemplateError("a " + Values.typeName(function) + " cannot be called");
        };
    }

    private Arguments arguments(String function, Expr.Args args, Scope scope) {
        Map<String, Object> named = new LinkedHashMap<>();
        List<Object> positional = evalAll(args.positional(), scope);
        args.named().forEach((name, expression) -> named.put(name, eval(expression, scope)));
        return new Arguments(function, positional, named);
    }
}

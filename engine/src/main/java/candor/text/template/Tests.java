package candor.text.template;

import candor.text.template.TemplateObject.Undefined;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What may follow {@code is}. */
final class Tests {
    private static final Set<String> UNSUPPORTED = Set.of("escaped");

    private Tests() {}

    static boolean test(String name, Object v, Arguments arguments, Budget budget) {
        return switch (name) {
            case "eq", "equalto", "==" -> Operators.compare("==", v, one(arguments), budget);
            case "ne", "!=" -> Operators.compare("!=", v, one(arguments), budget);
            case "lt", "lessthan", "<" -> Operators.compare("<", v, one(arguments), budget);
            case "le", "<=" -> Operators.compare("<=", v, one(arguments), budget);
            case "gt", "greaterthan", ">" -> Operators.compare(">", v, one(arguments), budget);
            case "ge", ">=" -> Operators.compare(">=", v, one(arguments), budget);
            case "in" -> Operators.contains(one(arguments), v, budget);
            case "sameas" -> same(v, one(arguments));
            case "divisibleby" -> Values.equal(Operators.binary("%", v, one(arguments), budget), 0L, budget);
            default -> {
                arguments.none();
                yield plain(name, v, budget);
            }
        };
    }

    private static boolean plain(String name, Object v, Budget budget) {
        return switch (name) {
            case "defined" -> !(v instanceof Undefined);
            case "undefined" -> v instanceof Undefined;
            case "none" -> v == null;
            case "boolean" -> v instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(v);
            case "false" -> Boolean.FALSE.equals(v);
            case "integer" -> Numbers.isInteger(v) && !(v instanceof Boolean);
            case "float" -> v instanceof Double;
            case "number" -> Numbers.isNumber(v);
            case "string" -> v instanceof String || v instanceof TemplateObject.Markup;
            case "mapping" -> v instanceof Map<?, ?>;
            case "sequence" ->
                v instanceof String || v instanceof Map<?, ?> || v instanceof Undefined || Values.indexed(v) != null;
            case "iterable" -> Iteration.possible(v);
            case "callable" ->
                v instanceof TemplateObject.Macro
                        || v instanceof TemplateObject.Method
                        || v instanceof TemplateObject.Builtin
                        || v instanceof Undefined;
            case "odd" -> Values.equal(Operators.binary("%", v, 2L, budget), 1L, budget);
            case "even" -> Values.equal(Operators.binary("%", v, 2L, budget), 0L, budget);
            case "lower" -> CharacterTests.test(Values.text(v, budget), "islower");
            case "upper" -> CharacterTests.test(Values.text(v, budget), "isupper");
            case "filter" -> v instanceof String s && Filters.NAMES.contains(s);
            case "test" -> throw TemplateError.unsupported("the test 'test'");
            default ->
                throw UNSUPPORTED.contains(name)
                        ? TemplateError.unsupported("the test '" + name + "'")
                        : new TemplateError("there is no test '" + name + "'");
        };
    }

    private static Object one(Arguments arguments) {
        return Methods.positionalOnly(arguments).bind(1, "other").get(0, null);
    }

    /** Python's {@code is}: sure for the constants and for lists and dicts, a matter of chance for other values. */
    private static boolean same(Object a, Object b) {
        if (a == null || b == null || a instanceof Boolean || b instanceof Boolean) {
            return a == b || (a instanceof Boolean && a.equals(b));
        }
        if (a instanceof List<?> || a instanceof Map<?, ?>) {
            return a == b;
        }
        throw TemplateError.unsupported("the test 'sameas' on a " + Values.typeName(a));
    }
}

package candor.text.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The evaluated arguments of a call of {@code function}, which is named in errors. */
record Arguments(String function, List<Object> positional, Map<String, Object> named) {
    private static final Object MISSING = new Object();

    /** The arguments by the parameters' names; the first {@code required} of them must be there. */
    Bound bind(int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new TemplateError(
                    function + " takes at most " + parameters.length + " arguments, got " + positional.size());
        }
        Object[] values = new Object[parameters.length];
        Arrays.fill(values, MISSING);
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        Map<String, Object> rest = new LinkedHashMap<>(named);
        for (int i = 0; i < parameters.length; i++) {
            if (rest.containsKey(parameters[i])) {
                if (values[i] != MISSING) {
                    throw new TemplateError(function + " gets '" + parameters[i] + "' twice");
                }
                values[i] = rest.remove(parameters[i]);
            }
            if (i < required && values[i] == MISSING) {
                throw new TemplateError(function + " misses its argument '" + parameters[i] + "'");
            }
        }
        if (!rest.isEmpty()) {
            throw new TemplateError(
                    function + " knows no argument '" + rest.keySet().iterator().next() + "'");
        }
        return new Bound(function, parameters, values);
    }

    void none() {
        bind(0);
    }

    /** Without the first {@code n} positional ones. */
    Arguments from(int n, String name) {
        return new Arguments(name, new ArrayList<>(positional.subList(n, positional.size())), named);
    }

    /** Arguments in the order of the parameters. */
    static final class Bound {
        private final String function;
        private final String[] parameters;
        private final Object[] values;

        private Bound(String function, String[] parameters, Object[] values) {
            this.function = function;
            this.parameters = parameters;
            this.values = values;
        }

        boolean has(int i) {
            return values[i] != MISSING;
        }

        Object get(int i, Object standard) {
            return has(i) ? values[i] : standard;
        }

        String string(int i, String standard) {
            Object v = get(i, standard);
            if (v == null || v instanceof String) {
                return (String) v;
            }
            throw new TemplateError(wants(i, "a string", v));
        }

        String string(int i) {
            if (values[i] instanceof String s) {
                return s;
            }
            throw new TemplateError(wants(i, "a string", values[i]));
        }

        /** An integer, cut to the range of int: no size beyond it is of use here. */
        int integer(int i, int standard) {
            if (!has(i)) {
                return standard;
            }
            if (!Numbers.isInteger(values[i])) {
                throw new TemplateError(wants(i, "an integer", values[i]));
            }
            java.math.BigInteger v = Numbers.big(values[i]);
            return v.bitLength() > 31 ? (v.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE) : v.intValue();
        }

        boolean truth(int i, boolean standard) {
            return has(i) ? Values.truth(values[i]) : standard;
        }

        private String wants(int i, String type, Object v) {
            return function + " wants " + type + " as '" + parameters[i] + "', got a " + Values.typeName(v);
        }
    }
}

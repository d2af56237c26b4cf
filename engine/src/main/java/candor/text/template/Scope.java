package candor.text.template;

import java.util.HashMap;
import java.util.Map;

/** Variables, inside those of the surrounding scope. Assignments stay in the scope they are made in, as in Jinja. */
final class Scope {
    private final Scope outer;
    private final Map<String, Object> variables = new HashMap<>();

    Scope(Scope outer) {
        this.outer = outer;
    }

    boolean has(String name) {
        for (Scope s = this; s != null; s = s.outer) {
            if (s.variables.containsKey(name)) {
                return true;
            }
        }
        return false;
    }

    Object get(String name) {
        for (Scope s = this; s != null; s = s.outer) {
            Object value = s.variables.get(name);
            if (value != null || s.variables.containsKey(name)) {
                return value;
            }
        }
        return null;
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }
}

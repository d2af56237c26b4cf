package candor.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** Python's numbers: integers without bounds (here up to a limit), floats, and booleans that count as 0 and 1. */
final class Numbers {
    /** About 4300 digits, the most that Python prints. */
    private static final int MAX_BITS = 14_300;

    private static final BigInteger MIN_LONG = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MAX_LONG = BigInteger.valueOf(Long.MAX_VALUE);

    private Numbers() {}

    static boolean isInteger(Object v) {
        return v instanceof Long || v instanceof BigInteger || v instanceof Boolean;
    }

    static boolean isNumber(Object v) {
        return v instanceof Double || isInteger(v);
    }

    /** A Long where it fits. */
    static Object normal(BigInteger value) {
        if (value.bitLength() > MAX_BITS) {
            throw new TemplateError("an integer grows beyond " + MAX_BITS + " bits");
        }
        return value.compareTo(MIN_LONG) >= 0 && value.compareTo(MAX_LONG) <= 0 ? (Object) value.longValue() : value;
    }

    static BigInteger big(Object v) {
        return switch (v) {
            case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
            case Long l -> BigInteger.valueOf(l);
            case BigInteger b -> b;
            default -> throw new IllegalArgumentException("no integer: " + v);
        };
    }

    static double real(Object v) {
        if (v instanceof Double d) {
            return d;
        }
        double d = big(v).doubleValue();
        if (Double.isInfinite(d)) {
            throw new TemplateError("an integer is too large for a float");
        }
        return d;
    }

    static Object arithmetic(String operator, Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return real(operator, real(a), real(b));
        }
        if (a instanceof Long x && b instanceof Long y) {
            Object quick = small(operator, x, y);
            if (quick != null) {
                return quick;
            }
        }
        return integers(operator, big(a), big(b));
    }

    /** Sums, differences and products that stay within 32-bit factors; null for anything else. */
    private static Object small(String operator, long x, long y) {
        if ((int) x != x || (int) y != y) {
            return null;
        }
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            default -> null;
        };
    }

    private static Object integers(String operator, BigInteger x, BigInteger y) {
        return switch (operator) {
            case "+" -> normal(x.add(y));
            case "-" -> normal(x.subtract(y));
            case "*" -> normal(x.multiply(y));
            case "/" -> quotient(x, y);
            case "//" -> normal(floorDivide(x, nonZero(y)));
            case "%" -> normal(x.subtract(floorDivide(x, nonZero(y)).multiply(y)));
            case "**" -> power(x, y);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static BigInteger nonZero(BigInteger y) {
        if (y.signum() == 0) {
            throw new TemplateError("division by zero");
        }
        return y;
    }

    private static BigInteger floorDivide(BigInteger x, BigInteger y) {
        BigInteger[] parts = x.divideAndRemainder(y);
        return parts[1].signum() != 0 && parts[1].signum() != y.signum() ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    /** Correctly rounded, as Python's: not the quotient of two rounded doubles. */
    private static Double quotient(BigInteger x, BigInteger y) {
        nonZero(y);
        if (x.bitLength() <= 53 && y.bitLength() <= 53) {
            return x.doubleValue() / y.doubleValue();
        }
        // 60 digits decide the rounding to 17 but for exact ties, and a tie of two integers ends within them.
        double d = new BigDecimal(x)
                .divide(new BigDecimal(y), new java.math.MathContext(60, RoundingMode.HALF_EVEN))
                .doubleValue();
        if (Double.isInfinite(d)) {
            throw new TemplateError("a quotient is too large for a float");
        }
        return d;
    }

    private static Object power(BigInteger x, BigInteger y) {
        if (y.signum() < 0) {
            return real("**", real(normal(x)), real(normal(y)));
        }
        if (x.bitLength() > 1 && (y.bitLength() > 20 || (long) (x.bitLength() - 1) * y.intValue() > MAX_BITS)) {
            throw new TemplateError("an integer grows beyond " + MAX_BITS + " bits");
        }
        if (x.bitLength() <= 1 && y.bitLength() > 20) {
            // 0, 1, -1 and -2: only the last grows.
            if (x.intValue() == -2) {
                throw new TemplateError("an integer grows beyond " + MAX_BITS + " bits");
            }
            return normal(x.pow(y.testBit(0) ? 1 : 2));
        }
        return normal(x.pow(y.intValueExact()));
    }

    private static Double real(String operator, double x, double y) {
        if (y == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new TemplateError("division by zero");
        }
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            case "//" -> floorDivide(x, y);
            case "%" -> modulo(x, y);
            case "**" -> power(x, y);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static double modulo(double x, double y) {
        double rest = x % y;
        if (rest == 0) {
            return Math.copySign(0.0, y);
        }
        return (rest < 0) != (y < 0) ? rest + y : rest;
    }

    /** As CPython: from the exact remainder, so that {@code x == (x // y) * y + x % y} holds as well as it can. */
    private static double floorDivide(double x, double y) {
        double rest = x % y;
        double quotient = (x - rest) / y;
        if (rest != 0 && (rest < 0) != (y < 0)) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double power(double x, double y) {
        if (x == 0 && y < 0) {
            throw new TemplateError("zero cannot be raised to a negative power");
        }
        if (x < 0 && y != Math.rint(y) && !Double.isInfinite(y)) {
            throw TemplateError.unsupported("a complex number");
        }
        if (x == 1 || y == 0) {
            return 1;
        }
        double d = x == -1 && Double.isInfinite(y) ? 1 : Math.pow(x, y);
        if (Double.isInfinite(d) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw new TemplateError("a power is too large for a float");
        }
        return d;
    }

    static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (a instanceof Double x && (b instanceof Double || x.isInfinite())) {
            return Double.compare(x + 0.0, real(b) + 0.0);
        }
        if (b instanceof Double y && y.isInfinite()) {
            return Double.compare(real(a), y);
        }
        return exact(a).compareTo(exact(b));
    }

    static boolean isNan(Object v) {
        return v instanceof Double d && d.isNaN();
    }

    static BigDecimal exact(Object v) {
        return v instanceof Double d ? new BigDecimal(d) : new BigDecimal(big(v));
    }

    /** Python's {@code repr} of a float: the shortest digits that give it back, with an exponent outside 1e-4 … 1e16. */
    static String repr(double d) {
        if (Double.isNaN(d)) {
            return "nan";
        }
        if (Double.isInfinite(d)) {
            return d > 0 ? "inf" : "-inf";
        }
        if (d == 0) {
            return 1 / d < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(Math.abs(d))).stripTrailingZeros();
        if (shortest.precision() == 2) {
            // Java never writes fewer than two digits, and picks the nearest of those: 4.9E-324 for 5e-324.
            BigDecimal one = shortest.round(new java.math.MathContext(1, RoundingMode.HALF_EVEN));
            shortest = one.doubleValue() == Math.abs(d) ? one.stripTrailingZeros() : shortest;
        }
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        StringBuilder out = new StringBuilder(d < 0 ? "-" : "");
        if (exponent < -4 || exponent >= 16) {
            out.append(digits.charAt(0));
            if (digits.length() > 1) {
                out.append('.').append(digits, 1, digits.length());
            }
            int size = Math.abs(exponent);
            return out.append(exponent < 0 ? "e-" : "e+")
                    .append(size < 10 ? "0" : "")
                    .append(size)
                    .toString();
        }
        String plain = shortest.toPlainString();
        return out.append(plain).append(plain.indexOf('.') < 0 ? ".0" : "").toString();
    }
}

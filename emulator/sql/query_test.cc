#include <gtest/gtest.h>

#include "emulator/sql/condition.h"
#include "emulator/sql/execute.h"
#include "emulator/sql/like.h"
#include "emulator/sql/parser.h"
#include "emulator/sql/unparse.h"

namespace spillway::emulator::sql {
namespace {

constexpr std::string_view kDocuments = R"([
  {"id":"1","cat":"a","n":3,"tags":["x","y"],"sub":{"deep":[{"k":1},{"k":2}]},"on":true},
  {"id":"2","cat":"b","n":1,"tags":["y"],"on":false},
  {"id":"3","cat":"a","n":2,"tags":[],"z":null},
  {"id":"4","cat":"c","n":"text"},
  {"id":"5","cat":"b"}
])";

Result<std::string> RunText(std::string_view text, const Parameters& parameters = {}) {
  ASSIGN_OR_RETURN(const auto query, ParseQuery(text, parameters));
  FunctionContext functions;
  functions.now_ms = 1'700'000'000'123;
  Execution execution(query.get(), functions);
  const Value documents = *ParseJson(kDocuments);
  if (query->from.empty()) {
    execution.Add(Value());
  } else {
    for (const Value& document : documents.array()) execution.Add(document);
  }
  return ToJson(execution.Finish());
}

struct Case {
  const char* query;
  const char* rows;
};

void ExpectRows(std::span<const Case> cases) {
  for (const Case& test : cases) {
    const Result<std::string> rows = RunText(test.query);
    ASSERT_TRUE(rows.ok()) << test.query << "\n" << rows.status().ToString();
    EXPECT_EQ(*rows, test.rows) << test.query;
  }
}

TEST(Query, Selects) {
  const Case cases[] = {
      {"SELECT VALUE 1", "[1]"},
      {"SELECT 1", R"([{"$1":1}])"},
      {"SELECT 1 AS a, 'x' AS b", R"([{"a":1,"b":"x"}])"},
      {"SELECT VALUE c.id FROM c", R"(["1","2","3","4","5"])"},
      {"select value root.id from root where root.id = \"2\"", R"(["2"])"},
      {"SELECT c.id, c.n FROM c WHERE c.id='1'", R"([{"id":"1","n":3}])"},
      {"SELECT c.id, c.missing FROM c WHERE c.id='1'", R"([{"id":"1"}])"},
      {"SELECT * FROM c WHERE c.id='5'", R"([{"id":"5","cat":"b"}])"},
      {"SELECT c FROM c WHERE c.id='5'", R"([{"c":{"id":"5","cat":"b"}}])"},
      {"SELECT VALUE c FROM products AS c WHERE c.id='5'", R"([{"id":"5","cat":"b"}])"},
      {"SELECT VALUE products.id FROM products WHERE products.n = 1", R"(["2"])"},
      {"SELECT VALUE {\"k\": c.id, m: [c.n, c.zz]} FROM c WHERE c.id='2'",
       R"([{"k":"2","m":[1]}])"},
      {"SELECT VALUE c.missing FROM c", "[]"},
      {"SELECT VALUE c['cat'] FROM c WHERE c[\"id\"] = '4'", R"(["c"])"},
      {"SELECT VALUE c.sub.deep[1].k FROM c", "[2]"},
      {"SELECT VALUE c.tags[0] FROM c", R"(["x","y"])"},
      {"SELECT TOP 2 VALUE c.id FROM c", R"(["1","2"])"},
      {"SELECT DISTINCT VALUE c.cat FROM c", R"(["a","b","c"])"},
      {"SELECT VALUE c.id FROM c OFFSET 1 LIMIT 2", R"(["2","3"])"},
      {"SELECT c.id -- a comment\n FROM c WHERE c.id='1'", R"([{"id":"1"}])"},
      {"SELECT VALUE 'it\\'s \\u00e9 \\\\'", "[\"it's \u00e9 \\\\\"]"},
  };
  ExpectRows(cases);
}

TEST(Query, Filters) {
  const Case cases[] = {
      {"SELECT VALUE c.id FROM c WHERE c.n > 1", R"(["1","3"])"},
      {"SELECT VALUE c.id FROM c WHERE c.n >= 1 AND c.n < 3", R"(["2","3"])"},
      {"SELECT VALUE c.id FROM c WHERE c.n != 1", R"(["1","3","4"])"},
      {"SELECT VALUE c.id FROM c WHERE c.n <> 1", R"(["1","3","4"])"},
      {"SELECT VALUE c.id FROM c WHERE NOT (c.n = 1)", R"(["1","3","4"])"},
      {"SELECT VALUE c.id FROM c WHERE c.n BETWEEN 1 AND 2", R"(["2","3"])"},
      {"SELECT VALUE c.id FROM c WHERE c.n NOT BETWEEN 1 AND 2", R"(["1"])"},
      {"SELECT VALUE c.id FROM c WHERE c.id IN ('1','4')", R"(["1","4"])"},
      {"SELECT VALUE c.id FROM c WHERE c.id NOT IN ('1','4')", R"(["2","3","5"])"},
      {"SELECT VALUE c.id FROM c WHERE c.cat LIKE 'a%' OR c.n = 'text'", R"(["1","3","4"])"},
      {"SELECT VALUE c.id FROM c WHERE c.on", R"(["1"])"},
      {"SELECT VALUE c.id FROM c WHERE c.z = null", R"(["3"])"},
      {"SELECT VALUE c.id FROM c WHERE IS_DEFINED(c.n) AND NOT IS_NUMBER(c.n)", R"(["4"])"},
      {"SELECT VALUE c.id FROM c WHERE (c.n ?? 9) = 9", R"(["5"])"},
      {"SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.tags, 'y')", R"(["1","2"])"},
      {"SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 'x')",
       R"(["1"])"},
      {"SELECT VALUE c.id FROM c WHERE c.sub = {\"deep\":[{\"k\":1},{\"k\":2}]}", R"(["1"])"},
      {"SELECT VALUE c.id FROM c WHERE c.missing = undefined", "[]"},
      {"SELECT VALUE c.id FROM c WHERE 1", "[]"},
      {"SELECT VALUE c.id FROM c WHERE false OR c.missing = 1 OR c.id = '1'", R"(["1"])"},
  };
  ExpectRows(cases);
}

TEST(Query, JoinsAndSubqueries) {
  const Case cases[] = {
      {"SELECT VALUE t FROM c JOIN t IN c.tags", R"(["x","y","y"])"},
      {"SELECT c.id, t FROM c JOIN t IN c.tags WHERE t='y'",
       R"([{"id":"1","t":"y"},{"id":"2","t":"y"}])"},
      {"SELECT VALUE t FROM t IN c.tags", R"(["x","y","y"])"},
      {"SELECT VALUE d.k FROM c.sub.deep AS x JOIN d IN x", "[1,2]"},
      {"SELECT VALUE d FROM d IN c.sub.deep WHERE d.k = 2", R"([{"k":2}])"},
      {"SELECT * FROM c.sub", R"([{"deep":[{"k":1},{"k":2}]}])"},
      {"SELECT VALUE k FROM c JOIN (SELECT VALUE d.k FROM d IN c.sub.deep WHERE d.k > 1) AS k",
       "[2]"},
      {"SELECT VALUE ARRAY(SELECT VALUE t FROM t IN c.tags) FROM c WHERE c.id='1'",
       R"([["x","y"]])"},
      {"SELECT VALUE (SELECT VALUE COUNT(1) FROM t IN c.tags) FROM c", "[2,1,0,0,0]"},
      {"SELECT VALUE a || b FROM c JOIN a IN c.tags JOIN b IN c.tags WHERE c.id='1'",
       R"(["xx","xy","yx","yy"])"},
      {"SELECT VALUE x.id FROM (SELECT c.id FROM c WHERE c.cat='b') AS x", R"(["2","5"])"},
  };
  ExpectRows(cases);
}

TEST(Query, OrdersAcrossTypes) {
  const Case cases[] = {
      {"SELECT VALUE c.id FROM c ORDER BY c.n", R"(["5","2","3","1","4"])"},
      {"SELECT VALUE c.id FROM c ORDER BY c.n DESC", R"(["4","1","3","2","5"])"},
      {"SELECT VALUE c.id FROM c ORDER BY c.cat ASC, c.id DESC", R"(["3","1","5","2","4"])"},
      {"SELECT TOP 1 VALUE c.id FROM c ORDER BY c.id DESC", R"(["5"])"},
      {"SELECT VALUE c.id FROM c ORDER BY c.id OFFSET 2 LIMIT 10", R"(["3","4","5"])"},
      {"SELECT DISTINCT VALUE c.cat FROM c ORDER BY c.cat DESC", R"(["c","b","a"])"},
  };
  ExpectRows(cases);
}

TEST(Query, AggregatesAndGroups) {
  const Case cases[] = {
      {"SELECT VALUE COUNT(1) FROM c", "[5]"},
      {"SELECT VALUE COUNT(c.n) FROM c", "[4]"},
      {"SELECT VALUE COUNT(1) FROM c WHERE c.id='none'", "[0]"},
      {"SELECT VALUE SUM(c.n) FROM c WHERE c.cat='a'", "[5]"},
      {"SELECT VALUE SUM(c.n) FROM c", "[]"},
      {"SELECT VALUE AVG(c.n) FROM c WHERE IS_NUMBER(c.n)", "[2]"},
      {"SELECT VALUE AVG(c.n) FROM c WHERE c.id='none'", "[]"},
      {"SELECT VALUE MIN(c.n) FROM c", "[1]"},
      {"SELECT VALUE MAX(c.n) FROM c", R"(["text"])"},
      {"SELECT COUNT(1) AS n, MAX(c.id) AS last FROM c", R"([{"n":5,"last":"5"}])"},
      {"SELECT COUNT(1) FROM c", R"([{"$1":5}])"},
      {"SELECT VALUE COUNT(1) + 10 FROM c", "[15]"},
      {"SELECT c.cat, COUNT(1) AS n FROM c GROUP BY c.cat",
       R"([{"cat":"a","n":2},{"cat":"b","n":2},{"cat":"c","n":1}])"},
      {"SELECT VALUE c.cat FROM c GROUP BY c.cat", R"(["a","b","c"])"},
      {"SELECT UPPER(c.cat) AS k FROM c GROUP BY UPPER(c.cat)",
       R"([{"k":"A"},{"k":"B"},{"k":"C"}])"},
      {"SELECT c.missing, COUNT(1) AS n FROM c GROUP BY c.missing", R"([{"n":5}])"},
      {"SELECT VALUE [{\"item\": COUNT(1)}] FROM c", R"([[{"item":5}]])"},
      {"SELECT VALUE COUNTIF(c.on) FROM c", "[1]"},
      {"SELECT VALUE MAKESET(c.cat) FROM c", R"([["a","b","c"]])"},
  };
  ExpectRows(cases);
}

TEST(Query, Operators) {
  const Case cases[] = {
      {"SELECT VALUE [1+2*3, (1+2)*3, 7%4, -3, 10/4, 2-1-1]", "[[7,9,3,-3,2.5,0]]"},
      {"SELECT VALUE [1 = 1.0, 'a' = 'a', 1 = 'a', null = null]", "[[true,true,false,true]]"},
      {"SELECT VALUE [1 < 'a']", "[[]]"},
      {"SELECT VALUE ['a' < 'b', false < true, null <= null]", "[[true,true,true]]"},
      {"SELECT VALUE [true AND undefined, false AND undefined, true OR undefined]",
       "[[false,true]]"},
      {"SELECT VALUE [NOT true, NOT 5]", "[[false]]"},
      {"SELECT VALUE ['a' || 'b' || 'c', 1 || 'a']", R"([["abc"]])"},
      {"SELECT VALUE [6 & 3, 6 | 3, 6 ^ 3, ~0, 1 << 4, -16 >> 2, -1 >>> 28]",
       "[[2,7,5,-1,16,-4,15]]"},
      {"SELECT VALUE true ? 'y' : 'n'", R"(["y"])"},
      {"SELECT VALUE undefined ?? 'd'", R"(["d"])"},
      {"SELECT VALUE null ?? 'd'", "[null]"},
      {"SELECT VALUE 1/0", "[]"},
      {"SELECT VALUE 1 = 1 AND 2 = 2 OR false", "[true]"},
      {"SELECT VALUE [0.5, .5, 1e3, 0x10]", "[[0.5,0.5,1000,16]]"},
  };
  ExpectRows(cases);
}

TEST(Query, StringFunctions) {
  const Case cases[] = {
      {"SELECT VALUE [CONCAT('a','b','c'), CONTAINS('abc','B'), CONTAINS('abc','B',true)]",
       R"([["abc",false,true]])"},
      {"SELECT VALUE [STARTSWITH('abc','ab'), ENDSWITH('abc','BC',true), "
       "StringEquals('A','a',true)]",
       "[[true,true,true]]"},
      {"SELECT VALUE [INDEX_OF('abcb','b'), INDEX_OF('abcb','b',2), INDEX_OF('a','z')]",
       "[[1,3,-1]]"},
      {"SELECT VALUE [LEFT('hello',2), RIGHT('hello',2), SUBSTRING('hello',1,3), "
       "LENGTH('h\u00e9')]",
       R"([["he","lo","ell",2]])"},
      {"SELECT VALUE [LOWER('AbC'), UPPER('AbC'), TRIM('  a '), LTRIM('  a'), RTRIM('a  ')]",
       R"([["abc","ABC","a","a","a"]])"},
      {"SELECT VALUE [REPLACE('aXbX','X','-'), REPLICATE('ab',2), REVERSE('abc')]",
       R"([["a-b-","abab","cba"]])"},
      {"SELECT VALUE [ToString(1.5), ToString([1]), StringToNumber('1.5'), StringToArray('[1]')]",
       R"([["1.5","[1]",1.5,[1]]])"},
      {"SELECT VALUE [StringToBoolean('true'), StringToNull('null'), StringToNumber('x')]",
       "[[true,null]]"},
      {"SELECT VALUE LOWER(5)", "[]"},
      {"SELECT VALUE [StringJoin(['a','b'],'-'), StringSplit('a-b','-')]",
       R"([["a-b",["a","b"]]])"},
  };
  ExpectRows(cases);
}

TEST(Query, MathArrayTypeAndDateFunctions) {
  const Case cases[] = {
      {"SELECT VALUE [ABS(-1), CEILING(1.2), FLOOR(1.8), ROUND(2.5), ROUND(1.256,2), TRUNC(-1.7)]",
       "[[1,2,1,3,1.26,-1]]"},
      {"SELECT VALUE [POWER(2,10), SQRT(16), SQUARE(3), SIGN(-5), LOG10(100), EXP(0)]",
       "[[1024,4,9,-1,2,1]]"},
      {"SELECT VALUE SQRT(-1)", "[]"},
      {"SELECT VALUE [IntAdd(1,2), IntDiv(7,2), IntMod(7,4), IntBitAnd(6,3)]", "[[3,3,3,2]]"},
      {"SELECT VALUE [ARRAY_LENGTH([1,2]), ARRAY_CONCAT([1],[2]), ARRAY_SLICE([1,2,3],1,1)]",
       "[[2,[1,2],[2]]]"},
      {"SELECT VALUE [ARRAY_SLICE([1,2,3],-2), ARRAY_CONTAINS([{\"a\":1,\"b\":2}],{\"a\":1},true)]",
       "[[[2,3],true]]"},
      {"SELECT VALUE [SetIntersect([1,2],[2,3]), SetUnion([1],[1,2])]", "[[[2],[1,2]]]"},
      {"SELECT VALUE [IS_ARRAY([]), IS_BOOL(true), IS_NULL(null), IS_OBJECT({}), IS_STRING('a')]",
       "[[true,true,true,true,true]]"},
      {"SELECT VALUE [IS_DEFINED(undefined), IS_PRIMITIVE(1), IS_INTEGER(1.5), IIF(true,1,2)]",
       "[[false,true,false,1]]"},
      {"SELECT VALUE GetCurrentTimestamp()", "[1700000000123]"},
      {"SELECT VALUE GetCurrentDateTime()", R"(["2023-11-14T22:13:20.1230000Z"])"},
      {"SELECT VALUE DateTimeAdd('mm', 1, '2024-01-31T00:00:00Z')",
       R"(["2024-02-29T00:00:00.0000000Z"])"},
      {"SELECT VALUE DateTimeDiff('day', '2024-01-01T23:00:00Z', '2024-01-03T01:00:00Z')", "[2]"},
      {"SELECT VALUE [DateTimePart('yyyy','2024-05-06'), "
       "DateTimeToTimestamp('1970-01-01T00:00:01Z')]",
       "[[2024,1000]]"},
      {"SELECT VALUE TimestampToDateTime(0)", R"(["1970-01-01T00:00:00.0000000Z"])"},
      {"SELECT VALUE DateTimeFromParts(2024, 2, 30)", "[]"},
  };
  ExpectRows(cases);
}

TEST(Query, TakesParameters) {
  const Parameters parameters = {{"@cat", "b"}, {"@list", Array{1, 3}}, {"@top", 1}};
  EXPECT_EQ(*RunText("SELECT VALUE c.id FROM c WHERE c.cat = @cat", parameters), R"(["2","5"])");
  EXPECT_EQ(*RunText("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(@list, c.n)", parameters),
            R"(["1","2"])");
  EXPECT_EQ(*RunText("SELECT TOP @top VALUE c.id FROM c", parameters), R"(["1"])");
  EXPECT_FALSE(RunText("SELECT VALUE @none FROM c", parameters).ok());
}

TEST(Query, RefusesWhatItDoesNotKnow) {
  for (const char* query : {"",
                            "SELECT",
                            "SELECT FROM c",
                            "SELECT * FROM",
                            "SELECT * FROM c WHERE",
                            "SELECT *",
                            "SELECT * FROM c WHERE c.a = ",
                            "SELECT VALUE nope(1) FROM c",
                            "SELECT VALUE udf.f(1)",
                            "SELECT VALUE x.id FROM c",
                            "SELECT VALUE c.id FROM c ORDER BY x.a",
                            "SELECT * FROM c JOIN t IN c.tags",
                            "SELECT VALUE COUNT(*) FROM c",
                            "SELECT VALUE c.id FROM c WHERE COUNT(1) > 1",
                            "SELECT c.id, COUNT(1) FROM c",
                            "SELECT c.id, c.cat FROM c GROUP BY c.cat",
                            "SELECT TOP -1 * FROM c",
                            "SELECT TOP 1.5 * FROM c",
                            "SELECT VALUE 'open FROM c",
                            "SELECT VALUE LOWER() FROM c",
                            "SELECT VALUE 1 2 FROM c",
                            "DELETE FROM c",
                            "SELECT * FROM c; DROP",
                            "SELECT VALUE c.id FROM c OFFSET 1",
                            "SELECT TOP 1 * FROM c OFFSET 1 LIMIT 1",
                            "SELECT c.a, c.b.a FROM c",
                            "SELECT VALUE SUM(COUNT(1)) FROM c",
                            "SELECT VALUE #",
                            "SELECT VALUE '\\q'",
                            "SELECT VALUE 1x",
                            "SELECT VALUE c.a IN () FROM c"}) {
    EXPECT_EQ(RunText(query).status().code(), StatusCode::kInvalidArgument) << query;
  }
}

// Expected values: geodesics of WGS 84, by Karney's method, to the meter.
TEST(Query, MeasuresDistancesBetweenPoints) {
  struct {
    const char* from;
    const char* to;
    double meters;
  } const cases[] = {
      {"[0,0]", "[0,0]", 0},
      {"[0,0]", "[1,0]", 111319.49},
      {"[0,0]", "[0,1]", 110574.39},
      {"[2.3522,48.8566]", "[-0.1278,51.5074]", 343923.12},
      {"[179.5,0]", "[-179.5,0]", 111319.49},
  };
  for (const auto& test : cases) {
    const auto rows =
        RunText("SELECT VALUE ST_DISTANCE({'type':'Point','coordinates':" + std::string(test.from) +
                "}, {'type':'Point','coordinates':" + test.to + "})");
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    EXPECT_NEAR((*ParseJson(*rows)).At(0).number(), test.meters, test.meters * 1e-4 + 1e-6);
  }
  EXPECT_EQ(*RunText("SELECT VALUE ST_ISVALID({'type':'Point','coordinates':[0,91]})"), "[false]");
  EXPECT_EQ(*RunText("SELECT VALUE ST_DISTANCE(1, 2)"), "[]");
}

TEST(Query, BoundsNestingAndLength) {
  const auto nested = [](int depth) {
    return "SELECT VALUE " + std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  EXPECT_TRUE(RunText(nested(50)).ok());
  EXPECT_FALSE(RunText(nested(200)).ok());
  EXPECT_FALSE(RunText("SELECT VALUE " + std::string(100000, '-') + "1").ok());
  std::string chain = "SELECT VALUE 1";
  for (int i = 0; i < 5000; ++i) chain += "+1";
  EXPECT_FALSE(RunText(chain).ok());
  std::string many_ors = "SELECT VALUE c.id FROM c WHERE c.id='1'";
  for (int i = 0; i < 5000; ++i) many_ors += " OR (c.id='2' AND c.n=1)";
  EXPECT_EQ(*RunText(many_ors), R"(["1","2"])");
}

TEST(Query, UnparsedTextMeansTheSame) {
  for (const char* text :
       {"SELECT * FROM c WHERE c.n > 1 AND (c.cat = 'a' OR NOT c.on)",
        "SELECT DISTINCT TOP 2 c.id, c[\"a b\"] AS x FROM c JOIN t IN c.tags ORDER BY c.id DESC",
        "SELECT c.cat, COUNT(1) AS n FROM c GROUP BY c.cat",
        "SELECT VALUE {\"a\": [1, c.n ?? 2]} FROM c WHERE c.id LIKE '1%' OFFSET 0 LIMIT 3",
        "SELECT VALUE EXISTS(SELECT VALUE t FROM t IN c.tags) ? 1 : -1 FROM c",
        "SELECT VALUE c.id FROM c WHERE c.n BETWEEN 1 AND 2 OR c.id IN ('4', '5')"}) {
    const auto query = ParseQuery(text, {});
    ASSERT_TRUE(query.ok()) << text;
    EXPECT_EQ(*RunText(Unparse(**query)), *RunText(text)) << Unparse(**query);
  }
}

TEST(Like, MatchesPatterns) {
  struct {
    const char* text;
    const char* pattern;
    const char* escape;
    bool matches;
  } const cases[] = {
      {"abc", "abc", "", true},    {"abc", "a%", "", true},       {"abc", "%c", "", true},
      {"abc", "%b%", "", true},    {"abc", "a_c", "", true},      {"abc", "a_", "", false},
      {"abc", "[ab]bc", "", true}, {"abc", "[^ab]bc", "", false}, {"b5", "[a-c][0-9]", "", true},
      {"50%", "50!%", "!", true},  {"500", "50!%", "!", false},   {"", "%", "", true},
      {"", "_", "", false},        {"h\u00e9", "h_", "", true},   {"[", "[", "", true},
      {"aaab", "%a%b", "", true},  {"ab", "a%b%", "", true},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(MatchesLike(test.text, test.pattern, test.escape), test.matches)
        << test.text << " LIKE " << test.pattern;
  }
}

TEST(Condition, DecidesPatches) {
  const Value document = *ParseJson(R"({"rev":5,"s":"a"})");
  EXPECT_TRUE(*ConditionHolds("from c where c.rev < 7", document));
  EXPECT_FALSE(*ConditionHolds("from c where c.rev > 7", document));
  EXPECT_FALSE(*ConditionHolds("FROM x WHERE x.missing = 1", document));
  EXPECT_FALSE(ConditionHolds("where rev", document).ok());
}

}  // namespace
}  // namespace spillway::emulator::sql

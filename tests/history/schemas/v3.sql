BEGIN TRANSACTION;
CREATE TABLE banditgen_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT banditgen_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "banditgen_alembic_version" VALUES('3');
CREATE TABLE banditgen_arm_events (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	scope TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	event TEXT NOT NULL, 
	detail JSON NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE banditgen_arms (
	arm_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	model TEXT NOT NULL, 
	settings JSON NOT NULL, 
	parents JSON NOT NULL, 
	origin TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (arm_id)
);
INSERT INTO "banditgen_arms" VALUES('188f4b640ef9','arm0','model0:latest','{"model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}','[]','strategy',1.79568174694667243964e+09);
INSERT INTO "banditgen_arms" VALUES('956eb4777bb3','arm1','model0:latest','{"model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}','[]','strategy',1.79568174694667243964e+09);
INSERT INTO "banditgen_arms" VALUES('c798e64c27c6','arm3','model1:latest','{"model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}','[]','strategy',1.79568174694667243964e+09);
INSERT INTO "banditgen_arms" VALUES('b2074694e7de','arm2','model1:latest','{"model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}','[]','strategy',1.79568174706882786751e+09);
CREATE TABLE banditgen_codes (
	hash TEXT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "banditgen_codes" VALUES('602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1',X'486572653A0A606060707974686F6E0A7072696E742827EDB3BF00C3A9F09D849E3C2F7363726970743EE280AE27290D0A1B5B33316D606060');
INSERT INTO "banditgen_codes" VALUES('97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5',X'7072696E742827EDB3BF00C3A9F09D849E3C2F7363726970743EE280AE27290D0A1B5B33316D');
INSERT INTO "banditgen_codes" VALUES('dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465',X'78203D20300A');
INSERT INTO "banditgen_codes" VALUES('9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4',X'78203D20310A');
INSERT INTO "banditgen_codes" VALUES('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',X'78');
CREATE TABLE banditgen_decisions (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	task_type TEXT NOT NULL, 
	arms JSON NOT NULL, 
	propensities JSON, 
	policy TEXT NOT NULL, 
	strategy TEXT, 
	seed BIGINT, 
	detail JSON NOT NULL, 
	answered BOOLEAN DEFAULT 0 NOT NULL, 
	race_id TEXT DEFAULT '' NOT NULL, 
	step INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_decisions" VALUES('01a216f8-fff4-759a-8379-fa233605f8fb',1.79568174694667243964e+09,'numeric','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.891015625, "arm1": 0.638671875, "arm2": 0.8613281249999999, "arm3": 0.6089843749999999}','best_set','balanced',1742692732,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.138671875, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm3: expected reward 0.49 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 13%; in the race with chance 61%\narm0: expected reward 0.51 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 53%; in the race with chance 89%\narm1: expected reward 0.49 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 12%; in the race with chance 64%\nrunner-up arm2: expected 0.51, in the race with chance 86%\nthis very set had chance 13.9%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 0.0, "expected": 0.494, "low": 0.01, "high": 0.99, "chance_best": 0.1305}, {"name": "arm0", "outcomes": 0.0, "expected": 0.506, "low": 0.01, "high": 0.99, "chance_best": 0.5265}, {"name": "arm1", "outcomes": 0.0, "expected": 0.494, "low": 0.01, "high": 0.99, "chance_best": 0.125}], "runner_up": {"name": "arm2", "outcomes": 0.0, "expected": 0.506, "low": 0.01, "high": 0.99, "chance_best": 0.218}, "propensities": {"arm0": 0.891015625, "arm1": 0.638671875, "arm2": 0.8613281249999999, "arm3": 0.6089843749999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f8-fff4-759a-8379-fa233605f8fb',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-007c-7380-9943-69fbbd6d2df6',1.79568174706882786751e+09,'text','[{"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.8650390625, "arm1": 0.6349609374999999, "arm2": 0.8798828124999999, "arm3": 0.6201171875}','best_set','balanced',183930185,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.3650390625, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm2: expected reward 0.51 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 29%; in the race with chance 88%\narm0: expected reward 0.50 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 36%; in the race with chance 87%\narm3: expected reward 0.49 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 18%; in the race with chance 62%\nrunner-up arm1: expected 0.49, in the race with chance 63%\nthis very set had chance 36.5%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm2", "outcomes": 0.0, "expected": 0.5061714386594913, "low": 0.01, "high": 0.99, "chance_best": 0.2915}, {"name": "arm0", "outcomes": 0.0, "expected": 0.5042464529495323, "low": 0.01, "high": 0.99, "chance_best": 0.3595}, {"name": "arm3", "outcomes": 0.0, "expected": 0.4943744028821256, "low": 0.01, "high": 0.99, "chance_best": 0.175}], "runner_up": {"name": "arm1", "outcomes": 0.0, "expected": 0.49280017267746234, "low": 0.01, "high": 0.99, "chance_best": 0.174}, "propensities": {"arm0": 0.8650390625, "arm1": 0.6349609374999999, "arm2": 0.8798828124999999, "arm3": 0.6201171875}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-007c-7380-9943-69fbbd6d2df6',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-00d0-72f8-b6ae-50020d6b4ecd',1.79568174715299296376e+09,'text','[{"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.9541015624999999, "arm1": 0.8650390625, "arm2": 0.7796875, "arm3": 0.40117187499999996}','best_set','balanced',385346042,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.5988281249999999, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm0: expected reward 0.36 (95 % between 0.01 and 0.78) after 1 outcomes; the best arm with chance 46%; in the race with chance 95%\narm2: expected reward 0.32 (95 % between 0.01 and 0.72) after 1 outcomes; the best arm with chance 18%; in the race with chance 78%\narm1: expected reward 0.35 (95 % between 0.01 and 0.77) after 0 outcomes; the best arm with chance 26%; in the race with chance 87%\nrunner-up arm3: expected 0.30, in the race with chance 40%\nthis very set had chance 59.9%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm0", "outcomes": 1.0, "expected": 0.3627974303309005, "low": 0.01, "high": 0.7800852410631923, "chance_best": 0.4605}, {"name": "arm2", "outcomes": 1.0, "expected": 0.31504429857656924, "low": 0.01, "high": 0.7224468541718597, "chance_best": 0.1755}, {"name": "arm1", "outcomes": 0.0, "expected": 0.3477712113296137, "low": 0.01, "high": 0.7678622695279336, "chance_best": 0.259}], "runner_up": {"name": "arm3", "outcomes": 1.0, "expected": 0.30345097025556556, "low": 0.01, "high": 0.713264626745455, "chance_best": 0.105}, "propensities": {"arm0": 0.9541015624999999, "arm1": 0.8650390625, "arm2": 0.7796875, "arm3": 0.40117187499999996}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-00d0-72f8-b6ae-50020d6b4ecd',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-0129-751e-bdae-aee04183140a',1.79568174724126791959e+09,'numeric','[{"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.8242187499999999, "arm1": 0.6794921875, "arm2": 0.8613281249999999, "arm3": 0.6349609374999999}','best_set','balanced',508546690,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.17578125, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm2: expected reward 0.50 (95 % between 0.10 and 0.88) after 0 outcomes; the best arm with chance 32%; in the race with chance 86%\narm1: expected reward 0.48 (95 % between 0.12 and 0.84) after 1 outcomes; the best arm with chance 21%; in the race with chance 68%\narm3: expected reward 0.49 (95 % between 0.10 and 0.87) after 1 outcomes; the best arm with chance 23%; in the race with chance 63%\nrunner-up arm0: expected 0.49, in the race with chance 82%\nthis very set had chance 17.6%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm2", "outcomes": 0.0, "expected": 0.5013116510786048, "low": 0.1030252677376114, "high": 0.8805418391886205, "chance_best": 0.323}, {"name": "arm1", "outcomes": 1.0, "expected": 0.48268630380159055, "low": 0.1246209452046323, "high": 0.8408190038019239, "chance_best": 0.2085}, {"name": "arm3", "outcomes": 1.0, "expected": 0.49193971355605914, "low": 0.10121533357447718, "high": 0.8706454751771217, "chance_best": 0.228}], "runner_up": {"name": "arm0", "outcomes": 1.0, "expected": 0.48780705279365233, "low": 0.11774376574820428, "high": 0.8418606281581149, "chance_best": 0.2405}, "propensities": {"arm0": 0.8242187499999999, "arm1": 0.6794921875, "arm2": 0.8613281249999999, "arm3": 0.6349609374999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-0129-751e-bdae-aee04183140a',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-0174-7708-9958-ff50e18a8f8a',1.79568174731728029251e+09,'text','[{"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.9837890625, "arm1": 0.9578125, "arm2": 0.7462890624999999, "arm3": 0.312109375}','best_set','balanced',389477915,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.687890625, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm1: expected reward 0.50 (95 % between 0.23 and 0.81) after 1 outcomes; the best arm with chance 35%; in the race with chance 96%\narm2: expected reward 0.43 (95 % between 0.05 and 0.72) after 1 outcomes; the best arm with chance 8%; in the race with chance 75%\narm0: expected reward 0.51 (95 % between 0.23 and 0.84) after 2 outcomes; the best arm with chance 52%; in the race with chance 98%\nrunner-up arm3: expected 0.41, in the race with chance 31%\nthis very set had chance 68.8%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm1", "outcomes": 1.0, "expected": 0.49735679724320087, "low": 0.22580079599092195, "high": 0.8117332915534512, "chance_best": 0.3485}, {"name": "arm2", "outcomes": 1.0, "expected": 0.425335984974303, "low": 0.04635178109557676, "high": 0.7212561780494616, "chance_best": 0.0845}, {"name": "arm0", "outcomes": 2.0, "expected": 0.5113447221665016, "low": 0.22561045992509232, "high": 0.8384204506008285, "chance_best": 0.5175}], "runner_up": {"name": "arm3", "outcomes": 1.0, "expected": 0.41374588920177013, "low": 0.0296429763416968, "high": 0.6846670484072569, "chance_best": 0.0495}, "propensities": {"arm0": 0.9837890625, "arm1": 0.9578125, "arm2": 0.7462890624999999, "arm3": 0.312109375}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-0174-7708-9958-ff50e18a8f8a',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-01c3-785b-ab64-b238addd258c',1.79568174739532232281e+09,'text','[{"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.9874999999999999, "arm1": 0.9874999999999999, "arm2": 0.564453125, "arm3": 0.460546875}','best_set','balanced',1720723811,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.435546875, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm0: expected reward 0.56 (95 % between 0.36 and 0.89) after 3 outcomes; the best arm with chance 58%; in the race with chance 99%\narm1: expected reward 0.55 (95 % between 0.36 and 0.86) after 2 outcomes; the best arm with chance 41%; in the race with chance 99%\narm3: expected reward 0.35 (95 % between 0.01 and 0.55) after 1 outcomes; the best arm with chance 1%; in the race with chance 46%\nrunner-up arm2: expected 0.35, in the race with chance 56%\nthis very set had chance 43.6%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm0", "outcomes": 3.0, "expected": 0.5644858600833855, "low": 0.35649838191582456, "high": 0.8891528823578352, "chance_best": 0.578}, {"name": "arm1", "outcomes": 2.0, "expected": 0.549933893958523, "low": 0.35711682299872743, "high": 0.8607828825424938, "chance_best": 0.4135}, {"name": "arm3", "outcomes": 1.0, "expected": 0.35154674733784586, "low": 0.01, "high": 0.545928338595978, "chance_best": 0.006}], "runner_up": {"name": "arm2", "outcomes": 2.0, "expected": 0.3549344963791536, "low": 0.01, "high": 0.5515760922839936, "chance_best": 0.0025}, "propensities": {"arm0": 0.9874999999999999, "arm1": 0.9874999999999999, "arm2": 0.564453125, "arm3": 0.460546875}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-01c3-785b-ab64-b238addd258c',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-0204-78d9-9726-65866e79d42f',1.79568174746045446394e+09,'numeric','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.8205078124999999, "arm1": 0.6275390624999999, "arm2": 0.891015625, "arm3": 0.6609375}','best_set','balanced',1866662802,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.3724609375, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm3: expected reward 0.45 (95 % between 0.06 and 0.84) after 1.1 outcomes; the best arm with chance 19%; in the race with chance 66%\narm0: expected reward 0.45 (95 % between 0.05 and 0.84) after 1 outcomes; the best arm with chance 29%; in the race with chance 82%\narm2: expected reward 0.46 (95 % between 0.07 and 0.85) after 0.1 outcomes; the best arm with chance 34%; in the race with chance 89%\nrunner-up arm1: expected 0.45, in the race with chance 63%\nthis very set had chance 37.2%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 1.1, "expected": 0.45347281279430124, "low": 0.05976600585685045, "high": 0.8406536610173578, "chance_best": 0.1855}, {"name": "arm0", "outcomes": 1.0, "expected": 0.4513466835371751, "low": 0.05474831320817323, "high": 0.841968337838239, "chance_best": 0.292}, {"name": "arm2", "outcomes": 0.1, "expected": 0.463386894898114, "low": 0.07233543218277948, "high": 0.8523552113314794, "chance_best": 0.341}], "runner_up": {"name": "arm1", "outcomes": 1.1, "expected": 0.44608335012206823, "low": 0.05836365688600169, "high": 0.8359993865613583, "chance_best": 0.1815}, "propensities": {"arm0": 0.8205078124999999, "arm1": 0.6275390624999999, "arm2": 0.891015625, "arm3": 0.6609375}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-0204-78d9-9726-65866e79d42f',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-024e-79db-8c2b-66125b3b2008',1.79568174754288482669e+09,'text','[{"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.9392578125, "arm1": 0.8316406249999999, "arm2": 0.8613281249999999, "arm3": 0.3677734375}','best_set','balanced',1250183452,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.0607421875, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm1: expected reward 0.44 (95 % between 0.11 and 0.76) after 1.2 outcomes; the best arm with chance 21%; in the race with chance 83%\narm2: expected reward 0.43 (95 % between 0.10 and 0.76) after 0.2 outcomes; the best arm with chance 28%; in the race with chance 86%\narm3: expected reward 0.41 (95 % between 0.09 and 0.75) after 1.1 outcomes; the best arm with chance 13%; in the race with chance 37%\nrunner-up arm0: expected 0.45, in the race with chance 94%\nthis very set had chance 6.1%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm1", "outcomes": 1.2, "expected": 0.4439013399300974, "low": 0.11218897112796872, "high": 0.7608584262209311, "chance_best": 0.2135}, {"name": "arm2", "outcomes": 0.2, "expected": 0.4267941800827583, "low": 0.10106065951326991, "high": 0.7569669290067352, "chance_best": 0.279}, {"name": "arm3", "outcomes": 1.1, "expected": 0.41298316579613226, "low": 0.08835773276105391, "high": 0.7475869726291882, "chance_best": 0.1295}], "runner_up": {"name": "arm0", "outcomes": 0.30000000000000004, "expected": 0.4523372310247456, "low": 0.1117619740221873, "high": 0.7711074121297132, "chance_best": 0.378}, "propensities": {"arm0": 0.9392578125, "arm1": 0.8316406249999999, "arm2": 0.8613281249999999, "arm3": 0.3677734375}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a216f9-024e-79db-8c2b-66125b3b2008',0);
INSERT INTO "banditgen_decisions" VALUES('01a216f9-02cc-7ce2-9470-e2a8e6811bf6',1.79568174766093134877e+09,'text','[{"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.75234375, "arm1": 0.24765625, "arm2": 0.85625, "arm3": 0.14375}','best_set','balanced',84608903,'{"k": 2, "exploration": 0.05, "particles": 256, "set_probability": 0.6540364583333332, "policy_version": "best_set-1(6,0.07,6,0.85,0.4,30,0.2,30,0.08,0.5)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "exploit": false, "on_trial": null, "explanation": {"words": "arm0: expected reward 0.42 (95 % between 0.13 and 0.70) after 0.3 outcomes; the best arm with chance 40%; in the race with chance 75%\narm2: expected reward 0.42 (95 % between 0.13 and 0.71) after 1.2 outcomes; the best arm with chance 39%; in the race with chance 86%\nrunner-up arm1: expected 0.41, in the race with chance 25%\nthis very set had chance 65.4%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm0", "outcomes": 0.30000000000000004, "expected": 0.41898580701164856, "low": 0.12524950290232323, "high": 0.7037082200091187, "chance_best": 0.4025}, {"name": "arm2", "outcomes": 1.2, "expected": 0.42108354738455267, "low": 0.13153601477110305, "high": 0.708255067888405, "chance_best": 0.3875}], "runner_up": {"name": "arm1", "outcomes": 2.2, "expected": 0.407398197439251, "low": 0.12024514898202421, "high": 0.6941851633931705, "chance_best": 0.1025}, "propensities": {"arm0": 0.75234375, "arm1": 0.24765625, "arm2": 0.85625, "arm3": 0.14375}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',0,'01a216f9-02cc-7ce2-9470-e2a8e6811bf6',0);
CREATE TABLE banditgen_feedback (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	race_id TEXT, 
	result_id TEXT, 
	satisfaction FLOAT NOT NULL, 
	who TEXT, 
	why TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_feedback" VALUES('01a216f9-027c-7a0e-9d5c-e4115536c89e',1.79568174758025264747e+09,'01a216f8-fff4-759a-8379-fa233605f8fb','01a216f9-0011-704c-93b8-cbf80992aaf8',0.4,'ann','too slow 🐢');
INSERT INTO "banditgen_feedback" VALUES('01a216f9-029c-786f-b6fb-4e5ab66069b0',1.7956817476124677658e+09,'01a216f9-007c-7380-9943-69fbbd6d2df6','01a216f9-008b-7c5b-9239-8f6abfd5f894',1.0,NULL,NULL);
CREATE TABLE banditgen_meta (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "banditgen_meta" VALUES('schema_version','3');
CREATE TABLE banditgen_pair_statistics (
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	other_id TEXT NOT NULL, 
	other_digest TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	other_quality FLOAT NOT NULL, 
	other_speed FLOAT NOT NULL, 
	quality_quality FLOAT NOT NULL, 
	quality_speed FLOAT NOT NULL, 
	speed_quality FLOAT NOT NULL, 
	speed_speed FLOAT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, arm_id, digest, other_id, other_digest, shard)
);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','188f4b640ef9','','956eb4777bb3','',0,1,0.0,0.0,6.79999999999999937827e-01,0.975,0.0,0.0,0.0,0.0,3);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','188f4b640ef9','','c798e64c27c6','',0,1,0.0,0.0,0.6,0.995,0.0,0.0,0.0,0.0,3);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','956eb4777bb3','','c798e64c27c6','',0,1,6.79999999999999937827e-01,0.975,0.6,0.995,0.408,0.6766,0.585,0.970125,3);
INSERT INTO "banditgen_pair_statistics" VALUES('text','188f4b640ef9','sha256:old-model0:latest','b2074694e7de','sha256:old-model1:latest',0,2,1.31999999999999984012e+00,1.9475,0.0,0.0,0.0,0.0,0.0,0.0,15);
INSERT INTO "banditgen_pair_statistics" VALUES('text','188f4b640ef9','sha256:old-model0:latest','c798e64c27c6','sha256:old-model1:latest',0,1,0.64,0.9825,0.0,0.0,0.0,0.0,0.0,0.0,6);
INSERT INTO "banditgen_pair_statistics" VALUES('text','b2074694e7de','sha256:old-model1:latest','c798e64c27c6','sha256:old-model1:latest',0,1,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,6);
INSERT INTO "banditgen_pair_statistics" VALUES('text','188f4b640ef9','sha256:old-model0:latest','956eb4777bb3','sha256:old-model0:latest',0,2,1.2799999999999998046e+00,1.955,1.2799999999999998046e+00,1.955,0.816,1.25179999999999980175e+00,1.2521999999999997577e+00,1.910825,15);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','956eb4777bb3','sha256:old-model0:latest','b2074694e7de','sha256:old-model1:latest',0,1,0.64,9.77499999999999924504e-01,0.0,0.0,0.0,0.0,0.0,0.0,12);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','956eb4777bb3','sha256:old-model0:latest','c798e64c27c6','sha256:old-model1:latest',0,1,0.64,9.77499999999999924504e-01,0.0,0.0,0.0,0.0,0.0,0.0,12);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','b2074694e7de','sha256:old-model1:latest','c798e64c27c6','sha256:old-model1:latest',0,1,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,12);
INSERT INTO "banditgen_pair_statistics" VALUES('text','956eb4777bb3','sha256:old-model0:latest','b2074694e7de','sha256:old-model1:latest',0,1,0.6,0.985,0.0,0.0,0.0,0.0,0.0,0.0,15);
INSERT INTO "banditgen_pair_statistics" VALUES('text','956eb4777bb3','sha256:new-model0:latest','c798e64c27c6','sha256:new-model1:latest',0,1,0.64,0.9725,0.0,0.0,0.0,0.0,0.0,0.0,18);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','188f4b640ef9','sha256:new-model0:latest','b2074694e7de','sha256:new-model1:latest',0,1,0.0,0.0,6.79999999999999937827e-01,0.96,0.0,0.0,0.0,0.0,21);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','188f4b640ef9','sha256:new-model0:latest','c798e64c27c6','sha256:new-model1:latest',0,1,0.0,0.0,0.6,0.98,0.0,0.0,0.0,0.0,21);
INSERT INTO "banditgen_pair_statistics" VALUES('numeric','b2074694e7de','sha256:new-model1:latest','c798e64c27c6','sha256:new-model1:latest',0,1,6.79999999999999937827e-01,0.96,0.6,0.98,0.408,6.66399999999999881339e-01,0.576,0.9408,21);
INSERT INTO "banditgen_pair_statistics" VALUES('text','956eb4777bb3','sha256:new-model0:latest','b2074694e7de','sha256:new-model1:latest',0,1,0.0,0.0,0.64,0.9675,0.0,0.0,0.0,0.0,24);
CREATE TABLE banditgen_patterns (
	task_type TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	pattern TEXT NOT NULL, 
	count BIGINT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, hash, shard)
);
INSERT INTO "banditgen_patterns" VALUES('numeric','c4bcb76b75ca116e01042e59ba42dd2b63c0e09355087cb98eaa6fd0fd694792',0,'[["188f4b640ef9", "", "failed"], ["956eb4777bb3", "", "passed"], ["c798e64c27c6", "", "passed"]]',1,3);
INSERT INTO "banditgen_patterns" VALUES('text','f21f1f3592f3dae88a9c56d863c687e0a9750a382cc01470ec88bcf72db706cc',0,'[["188f4b640ef9", "sha256:old-model0:latest", "passed"], ["b2074694e7de", "sha256:old-model1:latest", "failed"], ["c798e64c27c6", "sha256:old-model1:latest", "failed"]]',1,6);
INSERT INTO "banditgen_patterns" VALUES('text','2cbd793c8a44bb77e267e43cf6e80b2920878c388a2d87e960733024ec7d2bf2',0,'[["188f4b640ef9", "sha256:old-model0:latest", "passed"], ["956eb4777bb3", "sha256:old-model0:latest", "passed"]]',1,9);
INSERT INTO "banditgen_patterns" VALUES('numeric','01df239c83263056319034e15047454cc3905c28ff73c9c4c44d5a2264e36046',0,'[["956eb4777bb3", "sha256:old-model0:latest", "passed"], ["b2074694e7de", "sha256:old-model1:latest", "failed"], ["c798e64c27c6", "sha256:old-model1:latest", "failed"]]',1,12);
INSERT INTO "banditgen_patterns" VALUES('text','ebe8d5176a7c8597b703e66ab5296412d07c5eaa9a283064967e6e62f6f7b40b',0,'[["188f4b640ef9", "sha256:old-model0:latest", "passed"], ["956eb4777bb3", "sha256:old-model0:latest", "passed"], ["b2074694e7de", "sha256:old-model1:latest", "failed"]]',1,15);
INSERT INTO "banditgen_patterns" VALUES('text','d437f7e79d530bed58064f94b01a3ec94742c1369c602f89e4fb68cb02b4f1ca',0,'[["956eb4777bb3", "sha256:new-model0:latest", "passed"], ["c798e64c27c6", "sha256:new-model1:latest", "failed"]]',1,18);
INSERT INTO "banditgen_patterns" VALUES('numeric','361e33d69debd8fdc7886f1c229c71edf86bb0d256a777becf8fc009d505b3c1',0,'[["188f4b640ef9", "sha256:new-model0:latest", "failed"], ["b2074694e7de", "sha256:new-model1:latest", "passed"], ["c798e64c27c6", "sha256:new-model1:latest", "passed"]]',1,21);
INSERT INTO "banditgen_patterns" VALUES('text','c2bf8fe23769aa6758778ccde68e392d08ec4c379a80473ac85c5981a1f87d18',0,'[["956eb4777bb3", "sha256:new-model0:latest", "failed"], ["b2074694e7de", "sha256:new-model1:latest", "passed"]]',1,24);
CREATE TABLE banditgen_preferences (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	race_id TEXT NOT NULL, 
	better_id TEXT NOT NULL, 
	worse_id TEXT NOT NULL, 
	who TEXT, 
	why TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE banditgen_races (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	task_type TEXT NOT NULL, 
	task JSON NOT NULL, 
	best_id TEXT, 
	reason TEXT NOT NULL, 
	wall_seconds FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_races" VALUES('01a216f8-fff4-759a-8379-fa233605f8fb',1.79568174697961449627e+09,'numeric','{"kind": "told"}','01a216f9-0011-704c-93b8-cbf80992aaf8','arm1 passed its tests and has the best combined score of 2 that did, 0.77',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-007c-7380-9943-69fbbd6d2df6',1.79568174709180331232e+09,'text','{"kind": "told"}','01a216f9-008b-7c5b-9239-8f6abfd5f894','arm0 alone of 3 passed its tests',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-00d0-72f8-b6ae-50020d6b4ecd',1.79568174718385672574e+09,'text','{"kind": "told"}','01a216f9-00df-7378-ae8b-37a3b7fc3deb','arm1 passed its tests and has the best combined score of 2 that did, 0.77',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-0129-751e-bdae-aee04183140a',1.79568174726745462418e+09,'numeric','{"kind": "told"}','01a216f9-0137-75a3-8007-6628babc4e23','arm1 alone of 3 passed its tests',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-0174-7708-9958-ff50e18a8f8a',1.79568174733966541287e+09,'text','{"kind": "told"}','01a216f9-0183-7822-9749-838660d0b49e','arm0 passed its tests and has the best combined score of 2 that did, 0.77',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-01c3-785b-ab64-b238addd258c',1.79568174741557502749e+09,'text','{"kind": "told"}','01a216f9-01cb-75f1-be3d-468d7539de5b','arm1 alone of 3 passed its tests',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-0204-78d9-9726-65866e79d42f',1.79568174748320460313e+09,'numeric','{"kind": "told"}','01a216f9-0213-7ce7-8f8a-e044ca6ebd2e','arm2 passed its tests and has the best combined score of 2 that did, 0.76',0.0);
INSERT INTO "banditgen_races" VALUES('01a216f9-024e-79db-8c2b-66125b3b2008',1.79568174755937290192e+09,'text','{"kind": "told"}','01a216f9-025f-74bd-b339-f87c840e323f','arm2 alone of 3 passed its tests',0.0);
CREATE TABLE banditgen_results (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	race_id TEXT, 
	position INTEGER NOT NULL, 
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	arm_name TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT, 
	passed BOOLEAN NOT NULL, 
	informative BOOLEAN NOT NULL, 
	failure TEXT, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	reward FLOAT NOT NULL, 
	code_hash TEXT, 
	text_hash TEXT, 
	result JSON NOT NULL, 
	step INTEGER DEFAULT '0' NOT NULL, 
	seconds FLOAT DEFAULT '0' NOT NULL, 
	tokens BIGINT, 
	price FLOAT, 
	prompt_version TEXT, 
	PRIMARY KEY (seq), 
	UNIQUE (id)
);
INSERT INTO "banditgen_results" VALUES(1,'01a216f9-0011-704c-93b8-cbf80992aaf8',1.79568174697961449627e+09,'01a216f8-fff4-759a-8379-fa233605f8fb',0,'numeric','956eb4777bb3','arm1','model0:latest',NULL,1,1,NULL,6.79999999999999937827e-01,0.975,0.7685,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 0.5, "model_used": "model0:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7685, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.975, "reward": 0.7685, "measures": {}, "timings": null, "id": "01a216f9-0011-704c-93b8-cbf80992aaf8", "arm_id": "956eb4777bb3", "node_id": "", "digest": null, "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,0.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(2,'01a216f9-0011-7c20-bcef-276f4ee40ffd',1.79568174697961449627e+09,'01a216f8-fff4-759a-8379-fa233605f8fb',1,'numeric','c798e64c27c6','arm3','model1:latest',NULL,1,1,NULL,0.6,0.995,7.18499999999999916511e-01,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 0.5, "model_used": "model1:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.7184999999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.995, "reward": 0.7184999999999999, "measures": {}, "timings": null, "id": "01a216f9-0011-7c20-bcef-276f4ee40ffd", "arm_id": "c798e64c27c6", "node_id": "", "digest": null, "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,0.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(3,'01a216f9-0011-7890-87d5-5b4ce7cae5c2',1.79568174697961449627e+09,'01a216f8-fff4-759a-8379-fa233605f8fb',2,'numeric','188f4b640ef9','arm0','model0:latest',NULL,0,1,'error',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 0.5, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "error", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-0011-7890-87d5-5b4ce7cae5c2", "arm_id": "188f4b640ef9", "node_id": "", "digest": null, "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,0.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(4,'01a216f9-008b-7c5b-9239-8f6abfd5f894',1.79568174709180331232e+09,'01a216f9-007c-7380-9943-69fbbd6d2df6',0,'text','188f4b640ef9','arm0','model0:latest','sha256:old-model0:latest',1,1,NULL,0.64,0.9825,0.74275,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 0.75, "model_used": "model0:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.74275, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9825, "reward": 0.74275, "measures": {}, "timings": null, "id": "01a216f9-008b-7c5b-9239-8f6abfd5f894", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,0.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(5,'01a216f9-008b-7b73-8a70-52c1ff10d8f4',1.79568174709180331232e+09,'01a216f9-007c-7380-9943-69fbbd6d2df6',1,'text','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',0,1,'truncated',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 0.75, "model_used": "model1:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "truncated", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-008b-7b73-8a70-52c1ff10d8f4", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,0.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(6,'01a216f9-008b-74bd-9027-5176fcfff34f',1.79568174709180331232e+09,'01a216f9-007c-7380-9943-69fbbd6d2df6',2,'text','c798e64c27c6','arm3','model1:latest','sha256:old-model1:latest',0,1,'refused',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 0.75, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "refused", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-008b-74bd-9027-5176fcfff34f", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,0.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(7,'01a216f9-00df-7378-ae8b-37a3b7fc3deb',1.79568174718385672574e+09,'01a216f9-00d0-72f8-b6ae-50020d6b4ecd',0,'text','956eb4777bb3','arm1','model0:latest','sha256:old-model0:latest',1,1,NULL,6.79999999999999937827e-01,0.97,7.66999999999999904076e-01,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 1.0, "model_used": "model0:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7669999999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.97, "reward": 0.7669999999999999, "measures": {}, "timings": null, "id": "01a216f9-00df-7378-ae8b-37a3b7fc3deb", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(8,'01a216f9-00df-7dd2-8de2-14d6f366697e',1.79568174718385672574e+09,'01a216f9-00d0-72f8-b6ae-50020d6b4ecd',1,'text','188f4b640ef9','arm0','model0:latest','sha256:old-model0:latest',1,1,NULL,0.6,0.99,0.717,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 1.0, "model_used": "model0:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.717, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.99, "reward": 0.717, "measures": {}, "timings": null, "id": "01a216f9-00df-7dd2-8de2-14d6f366697e", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(9,'01a216f9-00df-71ab-9893-9275bbaf37ba',1.79568174718385672574e+09,'01a216f9-00d0-72f8-b6ae-50020d6b4ecd',2,'text','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',0,0,'infrastructure',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.0, "model_used": "model1:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "infrastructure", "verified": false, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-00df-71ab-9893-9275bbaf37ba", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(10,'01a216f9-0137-75a3-8007-6628babc4e23',1.79568174726745462418e+09,'01a216f9-0129-751e-bdae-aee04183140a',0,'numeric','956eb4777bb3','arm1','model0:latest','sha256:old-model0:latest',1,1,NULL,0.64,9.77499999999999924504e-01,0.74125,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 1.25, "model_used": "model0:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.74125, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9774999999999999, "reward": 0.74125, "measures": {}, "timings": null, "id": "01a216f9-0137-75a3-8007-6628babc4e23", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(11,'01a216f9-0137-71e0-8b3c-94745ede0f64',1.79568174726745462418e+09,'01a216f9-0129-751e-bdae-aee04183140a',1,'numeric','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',0,1,'error',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.25, "model_used": "model1:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "error", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-0137-71e0-8b3c-94745ede0f64", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(12,'01a216f9-0137-7fee-9025-aa47a3e91d36',1.79568174726745462418e+09,'01a216f9-0129-751e-bdae-aee04183140a',2,'numeric','c798e64c27c6','arm3','model1:latest','sha256:old-model1:latest',0,1,'truncated',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 1.25, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "truncated", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-0137-7fee-9025-aa47a3e91d36", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(13,'01a216f9-0183-7822-9749-838660d0b49e',1.79568174733966541287e+09,'01a216f9-0174-7708-9958-ff50e18a8f8a',0,'text','188f4b640ef9','arm0','model0:latest','sha256:old-model0:latest',1,1,NULL,6.79999999999999937827e-01,0.965,7.65499999999999847233e-01,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 1.5, "model_used": "model0:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7654999999999998, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.965, "reward": 0.7654999999999998, "measures": {}, "timings": null, "id": "01a216f9-0183-7822-9749-838660d0b49e", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(14,'01a216f9-0183-768b-809b-33a5308a34be',1.79568174733966541287e+09,'01a216f9-0174-7708-9958-ff50e18a8f8a',1,'text','956eb4777bb3','arm1','model0:latest','sha256:old-model0:latest',1,1,NULL,0.6,0.985,0.7155,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 1.5, "model_used": "model0:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.7155, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.985, "reward": 0.7155, "measures": {}, "timings": null, "id": "01a216f9-0183-768b-809b-33a5308a34be", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(15,'01a216f9-0183-703c-8e8b-d3bc4b5921af',1.79568174733966541287e+09,'01a216f9-0174-7708-9958-ff50e18a8f8a',2,'text','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',0,1,'refused',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.5, "model_used": "model1:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "refused", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-0183-703c-8e8b-d3bc4b5921af", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(16,'01a216f9-01cb-75f1-be3d-468d7539de5b',1.79568174741557502749e+09,'01a216f9-01c3-785b-ab64-b238addd258c',0,'text','956eb4777bb3','arm1','model0:latest','sha256:new-model0:latest',1,1,NULL,0.64,0.9725,7.39749999999999907629e-01,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 1.75, "model_used": "model0:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.7397499999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9725, "reward": 0.7397499999999999, "measures": {}, "timings": null, "id": "01a216f9-01cb-75f1-be3d-468d7539de5b", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(17,'01a216f9-01cb-7db9-9f00-199b7de7e5d7',1.79568174741557502749e+09,'01a216f9-01c3-785b-ab64-b238addd258c',1,'text','188f4b640ef9','arm0','model0:latest','sha256:new-model0:latest',0,0,'infrastructure',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 1.75, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "infrastructure", "verified": false, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-01cb-7db9-9f00-199b7de7e5d7", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(18,'01a216f9-01cb-7419-9d17-ec5995896dff',1.79568174741557502749e+09,'01a216f9-01c3-785b-ab64-b238addd258c',2,'text','c798e64c27c6','arm3','model1:latest','sha256:new-model1:latest',0,1,'error',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 1.75, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "error", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-01cb-7419-9d17-ec5995896dff", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(19,'01a216f9-0213-7ce7-8f8a-e044ca6ebd2e',1.79568174748320460313e+09,'01a216f9-0204-78d9-9726-65866e79d42f',0,'numeric','b2074694e7de','arm2','model1:latest','sha256:new-model1:latest',1,1,NULL,6.79999999999999937827e-01,0.96,7.63999999999999901412e-01,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 2.0, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7639999999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.96, "reward": 0.7639999999999999, "measures": {}, "timings": null, "id": "01a216f9-0213-7ce7-8f8a-e044ca6ebd2e", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,2.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(20,'01a216f9-0213-7696-94c3-006bb458eefb',1.79568174748320460313e+09,'01a216f9-0204-78d9-9726-65866e79d42f',1,'numeric','c798e64c27c6','arm3','model1:latest','sha256:new-model1:latest',1,1,NULL,0.6,0.98,0.714,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 2.0, "model_used": "model1:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.714, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.98, "reward": 0.714, "measures": {}, "timings": null, "id": "01a216f9-0213-7696-94c3-006bb458eefb", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,2.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(21,'01a216f9-0213-7332-ba82-236896035c96',1.79568174748320460313e+09,'01a216f9-0204-78d9-9726-65866e79d42f',2,'numeric','188f4b640ef9','arm0','model0:latest','sha256:new-model0:latest',0,1,'truncated',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 2.0, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "truncated", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-0213-7332-ba82-236896035c96", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,2.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(22,'01a216f9-025f-74bd-b339-f87c840e323f',1.79568174755937290192e+09,'01a216f9-024e-79db-8c2b-66125b3b2008',0,'text','b2074694e7de','arm2','model1:latest','sha256:new-model1:latest',1,1,NULL,0.64,0.9675,0.73825,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 2.25, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.73825, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9675, "reward": 0.73825, "measures": {}, "timings": null, "id": "01a216f9-025f-74bd-b339-f87c840e323f", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,2.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(23,'01a216f9-025f-7787-8aaa-57f99736fe2a',1.79568174755937290192e+09,'01a216f9-024e-79db-8c2b-66125b3b2008',1,'text','956eb4777bb3','arm1','model0:latest','sha256:new-model0:latest',0,1,'refused',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 2.25, "model_used": "model0:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "refused", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-025f-7787-8aaa-57f99736fe2a", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,2.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(24,'01a216f9-025f-7a62-8251-8f5baf4ba0d9',1.79568174755937290192e+09,'01a216f9-024e-79db-8c2b-66125b3b2008',2,'text','c798e64c27c6','arm3','model1:latest','sha256:new-model1:latest',0,0,'infrastructure',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 2.25, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "infrastructure", "verified": false, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a216f9-025f-7a62-8251-8f5baf4ba0d9", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,2.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(25,'by-hand',1.79568174766973423961e+09,NULL,0,'text','name:arm1','arm1','model0',NULL,1,1,NULL,0.7,0.5,0.0,'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',NULL,'{"generator_name": "arm1", "generation_time": 1.0, "model_used": "model0", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.7, "execution_time": 0.0, "combined_score": 0.0, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.5, "reward": 0.0, "measures": {}, "timings": null, "id": "by-hand", "arm_id": "name:arm1", "node_id": "", "digest": null, "stdout": "", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null}',0,1.0,NULL,NULL,NULL);
CREATE TABLE banditgen_selections (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	scope TEXT NOT NULL, 
	task_type TEXT, 
	arm_name TEXT NOT NULL, 
	result_id TEXT, 
	combined_score FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_selections" VALUES('01a216f9-004d-728b-9f6f-f3f3bfc5bc95',1.79568174702160358426e+09,'balanced:0.7/0.3','numeric','arm1','01a216f9-0011-704c-93b8-cbf80992aaf8',0.7685);
INSERT INTO "banditgen_selections" VALUES('01a216f9-00a4-7fe1-b3e0-869fd2433e25',1.79568174710829544064e+09,'balanced:0.7/0.3','text','arm0','01a216f9-008b-7c5b-9239-8f6abfd5f894',0.74275);
INSERT INTO "banditgen_selections" VALUES('01a216f9-0104-79dd-a28a-e98d2ea24cc6',1.79568174720449233059e+09,'balanced:0.7/0.3','text','arm1','01a216f9-00df-7378-ae8b-37a3b7fc3deb',7.66999999999999904076e-01);
INSERT INTO "banditgen_selections" VALUES('01a216f9-0148-7d6c-abec-17c1592eecc6',1.79568174727269554138e+09,'balanced:0.7/0.3','numeric','arm1','01a216f9-0137-75a3-8007-6628babc4e23',0.74125);
INSERT INTO "banditgen_selections" VALUES('01a216f9-019c-748f-87b2-30ad19b1d790',1.79568174735617184642e+09,'balanced:0.7/0.3','text','arm0','01a216f9-0183-7822-9749-838660d0b49e',7.65499999999999847233e-01);
INSERT INTO "banditgen_selections" VALUES('01a216f9-01dc-7d82-922a-e6042be8ca32',1.79568174742059421533e+09,'balanced:0.7/0.3','text','arm1','01a216f9-01cb-75f1-be3d-468d7539de5b',7.39749999999999907629e-01);
INSERT INTO "banditgen_selections" VALUES('01a216f9-0228-7159-a24f-e19470b61844',1.79568174749612760546e+09,'balanced:0.7/0.3','numeric','arm2','01a216f9-0213-7ce7-8f8a-e044ca6ebd2e',7.63999999999999901412e-01);
INSERT INTO "banditgen_selections" VALUES('01a216f9-0273-760b-a965-2158ac814eb4',1.79568174757144594197e+09,'balanced:0.7/0.3','text','arm2','01a216f9-025f-74bd-b339-f87c840e323f',0.73825);
CREATE TABLE banditgen_soft_evidence (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	result_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE banditgen_soft_statistics (
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	level INTEGER NOT NULL, 
	verdict INTEGER NOT NULL, 
	shard INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, arm_id, model, digest, kind, level, verdict, shard)
);
CREATE TABLE banditgen_statistics (
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	verdict INTEGER NOT NULL, 
	failure TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	quality_quality FLOAT NOT NULL, 
	quality_speed FLOAT NOT NULL, 
	speed_speed FLOAT NOT NULL, 
	seconds FLOAT NOT NULL, 
	tokens FLOAT NOT NULL, 
	price FLOAT NOT NULL, 
	last_at FLOAT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, arm_id, model, digest, verdict, failure, shard)
);
INSERT INTO "banditgen_statistics" VALUES('numeric','188f4b640ef9','model0','',0,'error',0,1,0.3,0.0,0.09,0.0,0.0,0.5,0.0,0.0,1.79568174697961449627e+09,3);
INSERT INTO "banditgen_statistics" VALUES('numeric','956eb4777bb3','model0','',1,'',0,1,6.79999999999999937827e-01,0.975,4.62399999999999922195e-01,6.62999999999999922728e-01,9.50624999999999942268e-01,0.5,0.0,0.0,1.79568174697961449627e+09,3);
INSERT INTO "banditgen_statistics" VALUES('numeric','c798e64c27c6','model1','',1,'',0,1,0.6,0.995,0.36,0.597,0.990025,0.5,0.0,0.0,1.79568174697961449627e+09,3);
INSERT INTO "banditgen_statistics" VALUES('text','188f4b640ef9','model0','sha256:old-model0:latest',1,'',0,3,1.92,2.9375,1.232,1.8789999999999997815e+00,2.87663125,3.25,0.0,0.0,1.79568174733966541287e+09,15);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:old-model1:latest',0,'truncated',0,1,0.3,0.0,0.09,0.0,0.0,0.75,0.0,0.0,1.79568174709180331232e+09,6);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:old-model1:latest',0,'refused',0,1,0.3,0.0,0.09,0.0,0.0,0.75,0.0,0.0,1.79568174709180331232e+09,6);
INSERT INTO "banditgen_statistics" VALUES('text','956eb4777bb3','model0','sha256:old-model0:latest',1,'',0,2,1.2799999999999998046e+00,1.955,8.22399999999999908872e-01,1.2506,1.911125,2.5,0.0,0.0,1.79568174733966541287e+09,15);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:old-model1:latest',-1,'infrastructure',0,1,0.3,0.0,0.09,0.0,0.0,1.0,0.0,0.0,1.79568174718385672574e+09,9);
INSERT INTO "banditgen_statistics" VALUES('numeric','956eb4777bb3','model0','sha256:old-model0:latest',1,'',0,1,0.64,9.77499999999999924504e-01,0.4096,6.25599999999999933919e-01,9.55506249999999890398e-01,1.25,0.0,0.0,1.79568174726745462418e+09,12);
INSERT INTO "banditgen_statistics" VALUES('numeric','b2074694e7de','model1','sha256:old-model1:latest',0,'error',0,1,0.3,0.0,0.09,0.0,0.0,1.25,0.0,0.0,1.79568174726745462418e+09,12);
INSERT INTO "banditgen_statistics" VALUES('numeric','c798e64c27c6','model1','sha256:old-model1:latest',0,'truncated',0,1,0.3,0.0,0.09,0.0,0.0,1.25,0.0,0.0,1.79568174726745462418e+09,12);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:old-model1:latest',0,'refused',0,1,0.3,0.0,0.09,0.0,0.0,1.5,0.0,0.0,1.79568174733966541287e+09,15);
INSERT INTO "banditgen_statistics" VALUES('text','188f4b640ef9','model0','sha256:new-model0:latest',-1,'infrastructure',0,1,0.3,0.0,0.09,0.0,0.0,1.75,0.0,0.0,1.79568174741557502749e+09,18);
INSERT INTO "banditgen_statistics" VALUES('text','956eb4777bb3','model0','sha256:new-model0:latest',1,'',0,1,0.64,0.9725,0.4096,6.22400000000000064304e-01,9.45756250000000076028e-01,1.75,0.0,0.0,1.79568174741557502749e+09,18);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:new-model1:latest',0,'error',0,1,0.3,0.0,0.09,0.0,0.0,1.75,0.0,0.0,1.79568174741557502749e+09,18);
INSERT INTO "banditgen_statistics" VALUES('numeric','188f4b640ef9','model0','sha256:new-model0:latest',0,'truncated',0,1,0.3,0.0,0.09,0.0,0.0,2.0,0.0,0.0,1.79568174748320460313e+09,21);
INSERT INTO "banditgen_statistics" VALUES('numeric','b2074694e7de','model1','sha256:new-model1:latest',1,'',0,1,6.79999999999999937827e-01,0.96,4.62399999999999922195e-01,6.52799999999999935873e-01,0.9216,2.0,0.0,0.0,1.79568174748320460313e+09,21);
INSERT INTO "banditgen_statistics" VALUES('numeric','c798e64c27c6','model1','sha256:new-model1:latest',1,'',0,1,0.6,0.98,0.36,0.588,9.60399999999999920419e-01,2.0,0.0,0.0,1.79568174748320460313e+09,21);
INSERT INTO "banditgen_statistics" VALUES('text','956eb4777bb3','model0','sha256:new-model0:latest',0,'refused',0,1,0.3,0.0,0.09,0.0,0.0,2.25,0.0,0.0,1.79568174755937290192e+09,24);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:new-model1:latest',1,'',0,1,0.64,0.9675,0.4096,6.19200000000000083666e-01,0.93605625,2.25,0.0,0.0,1.79568174755937290192e+09,24);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:new-model1:latest',-1,'infrastructure',0,1,0.3,0.0,0.09,0.0,0.0,2.25,0.0,0.0,1.79568174755937290192e+09,24);
INSERT INTO "banditgen_statistics" VALUES('text','name:arm1','model0','',1,'',0,1,0.7,0.5,4.89999999999999935607e-01,0.35,0.25,1.0,0.0,0.0,1.79568174766973423961e+09,25);
CREATE TABLE banditgen_strategies (
	hash TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	toml TEXT NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "banditgen_strategies" VALUES('82a0ceb03942','balanced',1.79568174693369173996e+09,'k = 3
policy = "best_set"

[weights]
quality = 0.7
speed = 0.3

[[arms]]
name = "arm0"
model = "model0:latest"
temperature = 0.1
max_tokens = 4000
weight = 1.0

[[arms]]
name = "arm1"
model = "model0:latest"
temperature = 0.5
max_tokens = 4000
weight = 1.0

[[arms]]
name = "arm2"
model = "model1:latest"
temperature = 0.1
max_tokens = 4000
weight = 1.0

[[arms]]
name = "arm3"
model = "model1:latest"
temperature = 0.5
max_tokens = 4000
weight = 1.0
');
CREATE TABLE banditgen_weights (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	scope TEXT NOT NULL, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	feedback_id TEXT, 
	task_type TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_weights" VALUES('01a216f9-0289-752e-b840-208b37e35440',1.7956817475911483764e+09,'balanced:0.7/0.3',0.7,0.3,NULL,'numeric');
INSERT INTO "banditgen_weights" VALUES('01a216f9-028e-7a87-8712-8fc56cd39cc9',1.79568174759114933007e+09,'balanced:0.7/0.3',0.65,0.35,'01a216f9-027c-7a0e-9d5c-e4115536c89e','numeric');
INSERT INTO "banditgen_weights" VALUES('01a216f9-0290-7a3c-abe9-b238f1e051b9',1.79568174759963440894e+09,'balanced:0.7/0.3',0.7,0.3,NULL,'');
INSERT INTO "banditgen_weights" VALUES('01a216f9-0290-79c6-9de8-c26689b22b28',1.7956817475996353626e+09,'balanced:0.7/0.3',0.65,0.35,'01a216f9-027c-7a0e-9d5c-e4115536c89e','');
INSERT INTO "banditgen_weights" VALUES('01a216f9-02a3-7a73-b78d-82c0da186401',1.79568174761430382731e+09,'balanced:0.7/0.3',0.7,0.3,NULL,'text');
INSERT INTO "banditgen_weights" VALUES('01a216f9-02a3-7f6a-b815-767675705187',1.79568174761430478098e+09,'balanced:0.7/0.3',0.7,0.3,'01a216f9-029c-786f-b6fb-4e5ab66069b0','text');
INSERT INTO "banditgen_weights" VALUES('01a216f9-02a5-71bb-92e5-5a0578074968',1.79568174762037801738e+09,'balanced:0.7/0.3',0.65,0.35,'01a216f9-029c-786f-b6fb-4e5ab66069b0','');
CREATE UNIQUE INDEX banditgen_decisions_by_race ON banditgen_decisions (race_id, step);
CREATE INDEX banditgen_decisions_pending ON banditgen_decisions (task_type, created_at) WHERE answered = 0;
CREATE INDEX banditgen_races_by_time ON banditgen_races (created_at, id);
CREATE INDEX banditgen_results_by_name ON banditgen_results (arm_name, seq);
CREATE INDEX banditgen_results_by_race ON banditgen_results (race_id);
CREATE INDEX banditgen_arm_events_by_scope ON banditgen_arm_events (scope, created_at);
CREATE INDEX banditgen_selections_by_scope ON banditgen_selections (scope);
CREATE INDEX banditgen_feedback_by_race ON banditgen_feedback (race_id);
CREATE INDEX banditgen_preferences_by_race ON banditgen_preferences (race_id);
CREATE INDEX banditgen_soft_evidence_by_result ON banditgen_soft_evidence (result_id);
CREATE INDEX banditgen_weights_by_type ON banditgen_weights (scope, task_type, created_at);
CREATE INDEX banditgen_statistics_by_stamp ON banditgen_statistics (stamp);
CREATE INDEX banditgen_pair_statistics_by_stamp ON banditgen_pair_statistics (stamp);
CREATE INDEX banditgen_patterns_by_stamp ON banditgen_patterns (stamp);
CREATE INDEX banditgen_soft_statistics_by_stamp ON banditgen_soft_statistics (stamp);
COMMIT;

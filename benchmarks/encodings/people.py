"""Names and addresses in 27 languages, written by hand for this benchmark and for nothing else.

The detector never learns from them: `benchmarks.encodings.letters` leaves each of these words out.
"""

# ruff: noqa: E501, RUF001  a language's list stands on one line; letters of all alphabets are the point

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class People:
    """What rows of one language are put together from, and the encodings that it is written in."""

    encodings: str
    given: str
    family: str
    streets: str
    cities: str


_WEST = "cp1252 iso8859-1 iso8859-15 mac_roman cp850 utf-16-le utf-16-be"
_CENTRAL = "cp1250 iso8859-2 cp852 mac_latin2 utf-16-le"
_BALTIC = "cp1257 iso8859-13 cp775 utf-16-le"

PEOPLE = {
    "German": People(
        f"{_WEST} cp437",
        "Jürgen, Käthe, Günther, Bärbel, Jörg, Anna, Thomas, Sören, Lukas, Doris, Rüdiger, Heike, Götz, Annegret, Björn",
        "Müller, Schröder, Weiß, Krüger, Jäger, Köhler, Schäfer, Böttcher, Großmann, Hübner, Maier, Vogt, Strauß, Löffler, Brandt, Kühne, Öttinger, Ärmel",
        "Königstraße 12, Bahnhofstraße 3a, Am Mühlbach 7, Goethestr. 44, Große Bleichen 21, Schloßallee 1, Lindenweg 8, Über den Höfen 2, Nürnberger Straße 100",
        "Köln, München, Düsseldorf, Würzburg, Lübeck, Berlin, Göttingen, Saarbrücken, Mönchengladbach, Zürich, Gießen, Hannover",
    ),
    "French": People(
        _WEST,
        "François, Hélène, Jérôme, Chloé, André, Zoé, Benoît, Gaël, Marie, Thérèse, Loïc, Amélie, Éric, Agnès, Luc",
        "Lefèvre, Bélanger, Garçon, Dupré, Château, Noël, Côté, Martin, Géraud, Mallarmé, Prévost, Leclerc, Bérenger, Hervé, Maçon, L’Hôte",
        "12 rue de l'Église, 3 avenue du Général Leclerc, 5 allée des Tilleuls, 18 boulevard Voltaire, 2 place de la République, 7 impasse du Pré, 9 rue Molière, 41 chemin du Moulin à Vent",
        "Orléans, Besançon, Nîmes, Saint-Étienne, Montréal, Lyon, Béziers, Genève, Châlons, Angoulême, Évreux, Alençon",
    ),
    "Spanish": People(
        _WEST,
        "José, María, Begoña, Jesús, Íñigo, Ángel, Lucía, Raúl, Inés, Andrés, Sofía, Óscar, Rocío, Carlos, Elena",
        "Muñoz, García, Núñez, Peña, Ibáñez, Rodríguez, López, Martínez, Fernández, Gutiérrez, Cañizares, Ordóñez, Vázquez, Romero, Ruiz, Yáñez",
        "Calle Alcalá 45, Avenida de la Constitución 3, Plaza España 2, Paseo del Prado 18, C/ Núñez de Balboa 9 3ºB, Camino Viñas 12, Calle Mayor 1, Gran Vía 77",
        "Málaga, Córdoba, A Coruña, León, Cádiz, Bogotá, Mérida, Logroño, Almería, Sevilla, Ávila, Medellín",
    ),
    "Portuguese": People(
        _WEST,
        "João, Conceição, Inês, Antônio, Luís, Patrícia, Gonçalo, Mônica, Sérgio, Ana, Tomás, Fátima, Estêvão, Débora, Rui",
        "Gonçalves, Magalhães, Simões, Araújo, Assunção, Silva, Guimarães, Mendonça, Falcão, Leitão, Brandão, Sá, Conceição, Pereira, Camões",
        "Rua São João 15, Avenida da República 8, Praça da Sé 1, Travessa do Limoeiro 4, Rua das Flores 22, Alameda Santos 900, Rua Três de Março 71",
        "São Paulo, Lisboa, Brasília, Évora, Guarulhos, Maceió, Setúbal, Goiânia, Florianópolis, Covilhã, Maringá, Portimão",
    ),
    "Italian": People(
        "cp1252 iso8859-1 mac_roman cp850",
        "Nicolò, Niccolò, Giosuè, Marco, Mosè, Lucia, Salomè, Paola, Noè, Franco",
        "D’Amico, Cantù, Forlì, Bianchi, Dell’Orto, Canà, Sanfrè, Nardò, Carrà, Patanè, Pirrò",
        "Via della Libertà 5, Largo Università 2, Via dell’Unità 9, Corso Francia 14, Piazza Città di Castello 1, Via Forlì 33, Piazza San Babila 3",
        "Forlì, Cefalù, Mondovì, Cantù, Agliè, Torino, Nardò, Santhià, Roma, Patti",
    ),
    "Swedish": People(
        _WEST,
        "Åsa, Göran, Örjan, Märta, Håkan, Björn, Lars, Åke, Kjell, Ingegärd, Gösta, Sven, Mårten, Karin",
        "Öberg, Åström, Sjögren, Lindström, Bäckman, Håkansson, Nyström, Östlund, Svensson, Sandå, Hägg, Börjesson, Åkerlund, Fält",
        "Storgatan 5, Kungsgatan 18, Björkvägen 3, Södra vägen 44, Järnvägsgatan 9, Åkaregatan 1, Östermalmstorg 2",
        "Malmö, Göteborg, Västerås, Örebro, Linköping, Luleå, Umeå, Stockholm, Jönköping, Gävle, Växjö, Borås",
    ),
    "Danish": People(
        "cp1252 iso8859-1 mac_roman cp850",
        "Søren, Jørgen, Bjørn, Kåre, Åse, Lærke, Mads, Inge, Pælle, Sørine, Torbjørn",
        "Sørensen, Kjær, Møller, Nørgaard, Bøgh, Hansen, Østergaard, Ågesen, Krogsgård, Læssøe, Bjerregård",
        "Nørregade 12, Vestergade 3, Søndergade 8, Ågade 100, Gammel Kongevej 7, Blågårdsgade 2, Rådhuspladsen 1",
        "København, Århus, Ålborg, Helsingør, Næstved, Køge, Tromsø, Odense, Ærøskøbing, Hillerød",
    ),
    "Icelandic": People(
        "cp1252 iso8859-1 mac_roman",
        "Guðrún, Sigurður, Þórunn, Björk, Jón, Ólafur, Hildur, Ásgeir, Bryndís, Þorsteinn",
        "Guðmundsdóttir, Þórðarson, Jónsson, Eyjólfsdóttir, Hallgrímsson, Sæmundsson, Ægisdóttir",
        "Laugavegur 12, Skólavörðustígur 4, Þingholtsstræti 9, Hverfisgata 33, Njálsgata 1",
        "Reykjavík, Akureyri, Hafnarfjörður, Ísafjörður, Kópavogur, Egilsstaðir, Höfn",
    ),
    "Polish": People(
        _CENTRAL,
        "Małgorzata, Łukasz, Paweł, Grażyna, Michał, Agnieszka, Stanisław, Jędrzej, Żaneta, Bożena, Rafał, Zdzisław, Jakub, Świętosława",
        "Wójcik, Kowalczyk, Dąbrowski, Zieliński, Woźniak, Łuczak, Gołębiowski, Ślusarczyk, Żak, Kamiński, Błaszczyk, Ćwikła, Sikora, Pająk",
        "ul. Świętokrzyska 12, ul. Długa 4/7, al. Niepodległości 33, ul. Młyńska 8, pl. Wolności 1, ul. Źródlana 5, os. Kościuszki 15, ul. Polna 6",
        "Łódź, Kraków, Gdańsk, Poznań, Wrocław, Częstochowa, Rzeszów, Białystok, Toruń, Zielona Góra, Bydgoszcz, Świdnica",
    ),
    "Czech": People(
        _CENTRAL,
        "Jiří, Věra, Tomáš, Zdeněk, Lukáš, Božena, Ondřej, Šárka, Kateřina, Matěj, Růžena, Jan, Čeněk, Libuše",
        "Dvořák, Novák, Procházka, Černý, Šťastný, Říha, Kučera, Němcová, Růžička, Beneš, Pokorná, Žižka, Havlíček, Malá",
        "Náměstí Míru 5, Vodičkova 12, Křížová 8, Na Příkopě 22, U Dvora 3, Zámecká 1, Dlouhá třída 45, Břežánecká 7",
        "Plzeň, České Budějovice, Ústí nad Labem, Brno, Hradec Králové, Zlín, Třebíč, Kroměříž, Děčín, Jihlava, Žďár",
    ),
    "Hungarian": People(
        _CENTRAL,
        "László, Erzsébet, György, Zsófia, Gábor, Ágnes, Győző, Tünde, István, Jenő, Dezső, Katalin, Ödön, Béla",
        "Szabó, Kovács, Tóth, Nagy, Erdős, Kőszegi, Szűcs, Gyűrű, Vörös, Fehér, Lukács, Ördögh, Dudás, Sándor",
        "Fő utca 3, Rákóczi út 12, Kossuth Lajos tér 1, Petőfi sétány 8, Szőlő köz 4, Arany János u. 22, Erdősor 9",
        "Budapest, Győr, Pécs, Székesfehérvár, Nyíregyháza, Kecskemét, Hódmezővásárhely, Szolnok, Gödöllő, Békéscsaba",
    ),
    "Romanian": People(
        "cp1250 iso8859-2 cp852",
        "Ştefan, Mădălina, Ioniţă, Răzvan, Cătălin, Lăcrămioara, Ion, Brânduşa, Dragoş, Mihăiţă, Ilinca",
        "Ionescu, Bălan, Ţepeş, Munteanu, Constantinescu, Păun, Stănescu, Văcărescu, Roşu, Lupaşcu, Călinescu",
        "Strada Mărăşeşti 5, Bulevardul Unirii 12, Calea Victoriei 100, Str. Ştefan cel Mare 8, Aleea Teilor 3, Piaţa Sfatului 1",
        "Bucureşti, Iaşi, Constanţa, Timişoara, Braşov, Bacău, Ploieşti, Târgu Mureş, Piteşti, Galaţi",
    ),
    "Turkish": People(
        "cp1254 iso8859-9 cp857 utf-16-le",
        "Ayşe, Çağlar, İbrahim, Şule, Gökhan, Ömer, Fatma, Işıl, Tuğba, Barış, Oğuz, Gülşen, Yiğit, Mehmet",
        "Yılmaz, Şahin, Öztürk, Çelik, Kılıç, Aydın, Doğan, Güneş, Arslan, Koç, Özdemir, Yıldırım, Ünal, Bağcı",
        "Atatürk Caddesi 12, İstiklal Cad. No:5, Çiçek Sokak 8, Gazi Bulvarı 33, Bağdat Caddesi 101, Yeşilyurt Mah. 4, Kıbrıs Şehitleri 9",
        "İstanbul, İzmir, Eskişehir, Diyarbakır, Muğla, Ankara, Kırşehir, Çorum, Şanlıurfa, Gümüşhane, Nevşehir",
    ),
    "Estonian": People(
        f"{_BALTIC} cp1252 iso8859-15",
        "Jüri, Õnne, Tõnu, Ülle, Märt, Külli, Kaja, Rein, Jaak, Häli, Tõnis, Pärt, Öie",
        "Tamm, Mägi, Kõiv, Pärn, Õunapuu, Sepp, Jõgi, Rüütel, Põder, Käär, Lõhmus, Vähi, Kütt",
        "Pärnu maantee 12, Viru tänav 4, Tõnismägi 8, Võru 33, Lõuna 2, Kesk-Sõjamäe 1, Jõe põik 7",
        "Tallinn, Võru, Pärnu, Jõhvi, Põltsamaa, Kärdla, Tõrva, Häädemeeste, Räpina, Jõgeva",
    ),
    "Lithuanian": People(
        _BALTIC,
        "Jonas, Eglė, Rūta, Žygimantas, Šarūnas, Jūratė, Gražina, Vytautė, Ąžuolas, Živilė, Česlovas, Mindaugas",
        "Kazlauskas, Žukauskas, Petrauskaitė, Šimkus, Jankauskienė, Stankevičius, Bučinskas, Grybauskaitė, Paulauskas, Rimšaitė, Čiurlionis",
        "Gedimino pr. 5, Laisvės alėja 22, Žalgirio g. 8, Šv. Jono g. 3, Basanavičiaus g. 14, Vytauto g. 1, Ąžuolyno g. 9",
        "Vilnius, Šiauliai, Panevėžys, Klaipėda, Marijampolė, Mažeikiai, Telšiai, Rokiškis, Kėdainiai, Utena",
    ),
    "Russian": People(
        "cp1251 koi8_r cp866 iso8859-5 mac_cyrillic utf-16-le utf-16-be",
        "Дмитрий, Наталья, Сергей, Екатерина, Алексей, Ольга, Юлия, Владимир, Ирина, Андрей, Фёдор, Светлана, Пётр",
        "Иванов, Смирнова, Кузнецов, Попова, Соколов, Щербакова, Зайцев, Ковалёва, Лебедев, Гусев, Чернышёв, Морозова, Шишкин",
        "ул. Ленина 12, проспект Мира 45, Тверская улица 8, Садовая 3, ул. Пушкина 17 кв. 5, Невский проспект 100, Парковая 9",
        "Москва, Санкт-Петербург, Казань, Екатеринбург, Новосибирск, Самара, Ярославль, Пермь, Челябинск, Уфа",
    ),
    "Ukrainian": People(
        "cp1251 koi8_u iso8859-5 utf-16-le",
        "Оксана, Андрій, Олексій, Ганна, Дмитро, Наталія, Євген, Юрій, Любов, Микола, Їжак, Соломія",
        "Шевченко, Коваленко, Бондаренко, Лисенко, Кравчук, Іваненко, Гончарук, Романів, Мельничук, Яковенко, Задорожній",
        "вул. Хрещатик 22, вул. Івана Франка 5, проспект Перемоги 14, вул. Лесі Українки 8, площа Ринок 1, вул. Київська 30",
        "Київ, Львів, Харків, Чернівці, Вінниця, Івано-Франківськ, Запоріжжя, Одеса, Житомир",
    ),
    "Bulgarian": People(
        "cp1251 iso8859-5 cp866",
        "Георги, Мария, Стоян, Цветелина, Димитър, Радка, Христо, Йорданка, Пламен, Снежана",
        "Иванов, Димитрова, Стоянов, Йорданова, Въжаров, Тодорова, Кръстев, Ангелова, Желязков",
        "бул. Витоша 12, ул. Граф Игнатиев 5, ул. Раковски 101, ж.к. Младост бл. 3, ул. Шипка 8",
        "София, Пловдив, Бургас, Варна, Стара Загора, Търговище, Велико Търново, Кърджали",
    ),
    "Greek": People(
        "cp1253 iso8859-7 cp737 mac_greek utf-16-le",
        "Γιώργος, Μαρία, Κωνσταντίνος, Ελένη, Δημήτρης, Αικατερίνη, Νίκος, Σοφία, Άγγελος, Χρήστος, Βασιλική, Ευάγγελος",
        "Παπαδόπουλος, Νικολάου, Γεωργίου, Ιωαννίδης, Οικονόμου, Καραγιάννης, Αλεξίου, Μακρή, Βλάχος, Ζαφειρίου",
        "Ερμού 12, Λεωφόρος Κηφισίας 100, Πανεπιστημίου 33, Τσιμισκή 8, Αγίου Δημητρίου 5, Οδός Αθηνάς 17, Πατησίων 76",
        "Αθήνα, Θεσσαλονίκη, Πάτρα, Ηράκλειο, Λάρισα, Βόλος, Ιωάννινα, Χανιά, Ρόδος",
    ),
    "Hebrew": People(
        "cp1255 iso8859-8 cp862 utf-16-le",
        "דוד, שרה, משה, רחל, יוסף, מרים, אברהם, לאה, יעקב, נועה, אורי, תמר, איתן",
        "כהן, לוי, מזרחי, פרץ, ביטון, דהן, אברהמי, פרידמן, שפירא, בן דוד, גולדשטיין, אזולאי",
        "רחוב הרצל 12, שדרות רוטשילד 45, רחוב ויצמן 8, דרך בגין 100, רחוב אלנבי 33, שדרות ירושלים 5, רחוב יפו 17",
        "תל אביב, ירושלים, חיפה, באר שבע, נתניה, אשדוד, רמת גן, פתח תקווה, הרצליה",
    ),
    "Arabic": People(
        "cp1256 iso8859-6 cp720 utf-16-le",
        "محمد, فاطمة, أحمد, عائشة, خالد, مريم, يوسف, نورة, عبد الله, سارة, إبراهيم, هدى, عمر",
        "العلي, الحسن, القحطاني, المصري, حداد, الخوري, السيد, منصور, الشمري, عباس, التميمي, بن سالم",
        "شارع الملك فهد 12, شارع التحرير 5, طريق المطار 100, شارع الجامعة 8, حي النزهة 33, شارع الحمراء 17",
        "القاهرة, الرياض, دمشق, بيروت, جدة, عمان, الدوحة, الإسكندرية, بغداد, طرابلس",
    ),
    "Thai": People(
        "cp874 tis_620 utf-16-le",
        "สมชาย, สมหญิง, ประเสริฐ, มาลี, วิชัย, สุดารัตน์, อนุชา, กมลวรรณ, ธนพล, พิมพ์ใจ, ณัฐพงษ์, จันทร์เพ็ญ",
        "ใจดี, ศรีสุข, แสงทอง, บุญมี, วงศ์สวัสดิ์, ทองคำ, รักไทย, พรหมมา, สุวรรณ, แก้วมณี",
        "99/1 ถนนสุขุมวิท, 12 ซอยลาดพร้าว 5, 45 ถนนพระราม 4, 8 ถนนเจริญกรุง, 33 หมู่ 2 ตำบลบางพลี",
        "กรุงเทพมหานคร, เชียงใหม่, ขอนแก่น, ภูเก็ต, นครราชสีมา, ชลบุรี, อุดรธานี, หาดใหญ่",
    ),
    "Vietnamese": People(
        "cp1258",
        "Hằng, Dũng, Tuấn, Thảo, Đức, Phượng, Hùng, Ngọc, Trường, Quỳnh",
        "Nguyễn, Trần, Lê, Phạm, Hoàng, Võ, Đặng, Bùi, Đỗ, Hồ",
        "12 Đường Lê Lợi, 45 Nguyễn Huệ, 8 Phố Huế, 100 Trần Hưng Đạo, 33 Hai Bà Trưng",
        "Hà Nội, Đà Nẵng, Hải Phòng, Cần Thơ, Huế, Biên Hòa, Nha Trang",
    ),
    "Japanese": People(
        "cp932 euc_jp iso2022_jp utf-16-le",
        "太郎, 花子, 健一, 美咲, 大輔, さくら, 直樹, 陽子, ひろし, 翔太, 恵美, 隆, まゆみ",
        "田中, 佐藤, 鈴木, 高橋, 渡辺, 伊藤, 山本, 中村, 小林, 斎藤, 長谷川, 藤原",
        "東京都千代田区丸の内1-2-3, 大阪市北区梅田2-4-9, 横浜市中区山下町5, 名古屋市中村区名駅3-1, 札幌市中央区大通西4, 京都市左京区一乗寺7, 株式会社サンプル本社ビル",
        "東京, 大阪, 横浜, 名古屋, 札幌, 福岡, 神戸, 京都, 仙台",
    ),
    "Korean": People(
        "cp949 euc_kr utf-16-le",
        "민수, 영희, 지훈, 서연, 현우, 수진, 동현, 미경, 재호, 은정, 성민, 하늘",
        "김, 이, 박, 최, 정, 강, 조, 윤, 장, 임, 황보, 남궁",
        "서울특별시 강남구 테헤란로 12, 부산광역시 해운대구 센텀로 5, 종로구 세종대로 100, 대구시 중구 동성로 8, 인천시 연수구 송도대로 33",
        "서울, 부산, 대구, 인천, 광주, 대전, 울산, 수원, 제주",
    ),
    "Chinese (simplified)": People(
        "gbk gb18030 utf-16-le",
        "伟, 芳, 建国, 丽娟, 志强, 秀英, 晓明, 海燕, 文博, 雪梅, 俊杰, 思雨",
        "王, 李, 张, 刘, 陈, 杨, 赵, 黄, 周, 吴, 欧阳, 司马",
        "北京市朝阳区建国路88号, 上海市浦东新区世纪大道100号, 广州市天河区体育西路12号, 深圳市南山区科技园5栋, 成都市武侯区人民南路33号",
        "北京, 上海, 广州, 深圳, 成都, 杭州, 武汉, 南京, 西安",
    ),
    "Chinese (traditional)": People(
        "big5 cp950 utf-16-le",
        "志明, 春嬌, 淑芬, 俊傑, 雅婷, 家豪, 美玲, 建宏, 怡君, 宗翰, 佩珊",
        "陳, 林, 黃, 張, 李, 王, 吳, 劉, 蔡, 楊, 歐陽, 鄭",
        "台北市信義區松高路12號, 新北市板橋區文化路一段5號, 高雄市前鎮區中山二路100號, 台中市西屯區台灣大道8號, 香港九龍彌敦道33號",
        "台北, 高雄, 台中, 台南, 新竹, 基隆, 桃園, 香港",
    ),
}
